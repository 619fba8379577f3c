// The pages work without this. With it: the answer takes the focus when it comes, so that a reader of the page hears it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const shown = document.querySelector("[data-shown]");
  if (shown) shown.focus({ preventScroll: false });
});
