// The key may come behind the address's #, which browsers do not send to any server.
"use strict";
const key = location.hash.slice(1);
if (key) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("key").value = key;
  document.getElementById("form").submit();
}
