// Formulae. KaTeX comes with the first one; it writes MathML, which browsers set by themselves: no fonts to
// load, no style sheet, no inline style that a strict policy would refuse, and screen readers can read it.

type Render = (tex: string, into: HTMLElement, display: boolean) => void;

/** Given by the entry: a chunk with an `import()` of its own would bring one more chunk into the shell. */
export type Katex = () => Promise<{ default: typeof import("katex").default }>;

let render: Render | null = null;
let loading: Promise<void> | null = null;
const made = new Map<string, HTMLElement>();

/** The formula; null while KaTeX is on its way: `loaded` is called once it is there. */
export function formula(tex: string, display: boolean, fetch: Katex, loaded: () => void): Node | null {
  if (!render) {
    // Where it could not come, the next formula asks again.
    loading ??= load(fetch).finally(() => (loading = null));
    void loading.then(loaded, () => {});
    return null;
  }
  const key = `${String(display)} ${tex}`;
  let node = made.get(key);
  if (!node) {
    node = document.createElement("span");
    render(tex, node, display);
    made.set(key, node);
  }
  return node.cloneNode(true);
}

async function load(fetch: Katex): Promise<void> {
  const katex = (await fetch()).default;
  render = (tex, into, displayMode) => {
    try {
      katex.render(tex, into, { displayMode, output: "mathml", throwOnError: true, trust: false, maxExpand: 200 });
    } catch {
      // A learner can read TeX better than a message about it.
      into.textContent = tex;
    }
  };
}
