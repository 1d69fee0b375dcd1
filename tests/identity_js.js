// What amazon-cognito-identity-js makes of the cases that stand on standard input, one answer a line.
const AuthenticationHelper = require("amazon-cognito-identity-js/lib/AuthenticationHelper").default;
const BigInteger = require("amazon-cognito-identity-js/lib/BigInteger").default;

const number = (digits) => new BigInteger(digits, 16);
const within = (ask) => new Promise((resolve, reject) => ask((error, value) => (error ? reject(error) : resolve(value))));

async function key({ group, name, password, a, B, salt }) {
  const helper = new AuthenticationHelper(group);
  await within((done) => helper.getLargeAValue(done));
  helper.smallAValue = number(a);
  helper.largeAValue = await within((done) => helper.calculateA(helper.smallAValue, done));
  const made = await within((done) => helper.getPasswordAuthenticationKey(name, password, number(B), number(salt), done));
  return { A: helper.largeAValue.toString(16), key: Buffer.from(made).toString("hex") };
}

async function verifier({ group, name }) {
  const helper = new AuthenticationHelper(group);
  await within((done) => helper.generateHashDevice(group, name, done));
  const [password, salt] = [helper.getRandomPassword(), helper.getSaltDevices()];
  return { password, salt, verifier: helper.getVerifierDevices() };
}

(async () => {
  const cases = JSON.parse(require("fs").readFileSync(0, "utf-8"));
  for (const asked of cases) console.log(JSON.stringify(await ("a" in asked ? key(asked) : verifier(asked))));
})();
