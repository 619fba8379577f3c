// What a page may keep in a browser stands in the cookie policy, and that is cookies alone (P-005). A library that would
// store something more (htmx writes down each address) is told that it cannot, and works without.
"use strict";
Storage.prototype.setItem = () => {
  throw new DOMException("nothing is stored in this browser but the cookies of the cookie policy", "SecurityError");
};
