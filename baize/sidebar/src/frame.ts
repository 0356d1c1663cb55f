// Frames, shared out: who has something to draw gets one of its own, so that no frame holds a slow phone up.

const waiting: (() => void)[] = [];

/** A frame in which nobody else who waits does anything; a moment later where there are none. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) arm();
  });
}

function arm(): void {
  // A hidden tab has no frames, and nobody to wait for them.
  const timer = setTimeout(turn, 200);
  const frame = requestAnimationFrame(turn);
  function turn(): void {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    do waiting.shift()?.();
    while (document.hidden && waiting.length);
    if (waiting.length) arm();
  }
}
