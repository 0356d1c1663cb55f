// Makes a tree equal to another one while touching only what differs, so that what a learner has focused,
// selected or is listening to stays the very same node.

/** Children of `into`, those behind `after` where it is given, become those of `from`; `from` is used up. */
export function patch(into: Node, from: Node, after: ChildNode | null = null): void {
  let old = after ? after.nextSibling : into.firstChild;
  let fresh = from.firstChild;
  while (old && fresh) {
    const next = fresh.nextSibling;
    if (old.isEqualNode(fresh)) {
      old = old.nextSibling;
    } else if (isSameElement(old, fresh)) {
      patch(old, fresh);
      old = old.nextSibling;
    } else if (old.nodeType === Node.TEXT_NODE && fresh.nodeType === Node.TEXT_NODE) {
      old.textContent = fresh.textContent;
      old = old.nextSibling;
    } else {
      break;
    }
    fresh = next;
  }
  while (old) {
    const next: ChildNode | null = old.nextSibling;
    into.removeChild(old);
    old = next;
  }
  while (fresh) {
    const next = fresh.nextSibling;
    into.appendChild(fresh);
    fresh = next;
  }
}

function isSameElement(old: Node, fresh: Node): boolean {
  return old instanceof Element && fresh instanceof Element && old.cloneNode().isEqualNode(fresh.cloneNode());
}
