import { describe, expect, it } from "vitest";
import { patch } from "../src/answer/patch";

const tree = (html: string) => {
  const node = document.createElement("div");
  node.innerHTML = html;
  return node;
};

describe("patch", () => {
  const cases = ["", "<p>a</p>", "<p>a b</p>", "<p>a<b>1</b></p><ul><li>x</li></ul>", "<p>a<b>1</b> c</p>", "t<i>u</i>"];
  for (const before of cases) {
    for (const after of cases) {
      it(`makes ${after || "nothing"} of ${before || "nothing"}`, () => {
        const into = tree(before);
        patch(into, tree(after));
        expect(into.innerHTML).toBe(after);
      });
    }
  }

  it("leaves what stands before", () => {
    const into = tree("<p>one</p><p>two</p>");
    patch(into, tree("<p>two, three</p><p>four</p>"), into.firstChild);
    expect(into.innerHTML).toBe("<p>one</p><p>two, three</p><p>four</p>");
  });

  it("keeps the nodes that stay the same", () => {
    const into = tree("<p>one <button>1</button></p><ul><li>x</li></ul>");
    const [button, item] = [into.querySelector("button"), into.querySelector("li")];
    patch(into, tree("<p>one <button>1</button> two</p><ul><li>x</li><li>y</li></ul>"));
    expect(into.querySelector("button")).toBe(button);
    expect(into.querySelector("li")).toBe(item);
  });
});
