// Passkeys: the browser's own ceremony between a form's options and its hidden field. Everything else works without this.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ids = (list) => (list || []).map((it) => ({ ...it, id: bytes(it.id) }));

  async function create(options) {
    const key = options.publicKey;
    key.authenticatorSelection = {
      ...key.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
    };
    const made = await navigator.credentials.create({
      publicKey: {
        ...key, challenge: bytes(key.challenge), user: { ...key.user, id: bytes(key.user.id) },
        excludeCredentials: ids(key.excludeCredentials),
      },
    });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      },
    };
  }

  async function get(options) {
    const key = options.publicKey;
    const given = await navigator.credentials.get({
      publicKey: { ...key, challenge: bytes(key.challenge), allowCredentials: ids(key.allowCredentials) },
    });
    return {
      id: given.id, rawId: text(given.rawId), type: given.type,
      clientExtensionResults: given.getClientExtensionResults(),
      response: {
        clientDataJSON: text(given.response.clientDataJSON),
        authenticatorData: text(given.response.authenticatorData),
        signature: text(given.response.signature),
        userHandle: given.response.userHandle ? text(given.response.userHandle) : null,
      },
    };
  }

  async function options(form) {
    if (form.dataset.options) {
      const answer = await fetch(form.dataset.options, { headers: { "X-Requested-With": "XMLHttpRequest", Accept: "application/json" } });
      return (await answer.json()).request_options;
    }
    const found = JSON.parse(document.getElementById("passkey-options").textContent);
    return found.request_options || found;
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.closest("[hidden]")?.removeAttribute("hidden");
    const wrong = form.querySelector(".wrong");
    const button = form.querySelector("button");
    button.addEventListener("click", async () => {
      wrong.hidden = true;
      button.disabled = true;
      try {
        const asked = await options(form);
        const credential = form.dataset.passkey === "create" ? await create(asked) : await get(asked);
        form.elements.credential.value = JSON.stringify(credential);
        form.submit();
      } catch {
        wrong.hidden = false;
        button.disabled = false;
        button.focus();
      }
    });
  }
})();
