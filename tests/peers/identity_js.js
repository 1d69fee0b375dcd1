// What amazon-cognito-identity-js makes of the cases that stand on standard input, one answer a line.
const AuthenticationHelper = require("amazon-cognito-identity-js/lib/AuthenticationHelper").default;
const BigInteger = require("amazon-cognito-identity-js/lib/BigInteger").default;

const number = (digits) => new BigInteger(digits, 16);
const within = (ask) => new Promise((resolve, reject) => ask((error, value) => (error ? reject(error) : resolve(value))));

async function key({ group, name, password, a, B, salt }) {
  const peer = new AuthenticationHelper(group);
  await within((done) => peer.getLargeAValue(done));
  peer.smallAValue = number(a);
  peer.largeAValue = await within((done) => peer.calculateA(peer.smallAValue, done));
  const made = await within((done) => peer.getPasswordAuthenticationKey(name, password, number(B), number(salt), done));
  return { A: peer.largeAValue.toString(16), key: Buffer.from(made).toString("hex") };
}

async function verifier({ group, name }) {
  const peer = new AuthenticationHelper(group);
  await within((done) => peer.generateHashDevice(group, name, done));
  const [password, salt] = [peer.getRandomPassword(), peer.getSaltDevices()];
  return { password, salt, verifier: peer.getVerifierDevices() };
}

(async () => {
  const cases = JSON.parse(require("fs").readFileSync(0, "utf-8"));
  for (const asked of cases) console.log(JSON.stringify(await ("a" in asked ? key(asked) : verifier(asked))));
})();
