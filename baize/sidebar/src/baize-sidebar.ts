// The one script that a host loads. Loading it twice is harmless: the first one stays.

import { BaizeSidebar } from "./element";

if (!customElements.get("baize-sidebar")) customElements.define("baize-sidebar", BaizeSidebar);

export { BaizeSidebar };

declare global {
  interface HTMLElementTagNameMap {
    "baize-sidebar": BaizeSidebar;
  }
}
