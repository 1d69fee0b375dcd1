// The browser's part: hand the options over, and post what it makes as JSON.
for (const shown of document.querySelectorAll(".needs-script")) shown.remove();
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    if (form.answer.value) return;
    event.preventDefault();
    const wrong = form.querySelector(".error");
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
        : await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
      form.answer.value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      wrong.textContent = error.name === "SecurityError"
        ? "Passkeys work on http://localhost only. Open this page under that address."
        : error.name === "InvalidStateError" ? "This device has a passkey of yours already."
        : "The browser did not use a passkey. Nothing has changed.";
      wrong.hidden = false;
      wrong.setAttribute("role", "alert");
    }
  });
}
