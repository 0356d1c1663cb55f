import { afterEach, describe, expect, it, vi } from "vitest";
import { nextFrame } from "../src/frame";

describe("nextFrame", () => {
  const frames: FrameRequestCallback[] = [];
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 5; n += 1) await Promise.resolve();
  };

  const wait = (order: string[], name: string): void => {
    void nextFrame().then(() => order.push(name));
  };

  const hide = (isHidden: boolean): void => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
  };

  const begin = (): string[] => {
    frames.length = 0;
    vi.useFakeTimers();
    vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
    vi.stubGlobal("cancelAnimationFrame", () => {});
    return [];
  };

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("gives each who waits a frame of its own, in order", async () => {
    const order = begin();
    hide(false);
    wait(order, "a");
    wait(order, "b");
    expect(frames).toHaveLength(1);
    frames.shift()?.(0);
    await settle();
    expect(order).toEqual(["a"]);
    frames.shift()?.(16);
    await settle();
    expect(order).toEqual(["a", "b"]);
    expect(frames).toHaveLength(0);
  });

  it("lets nobody wait in a hidden tab, which has no frames", async () => {
    const order = begin();
    hide(true);
    wait(order, "a");
    wait(order, "b");
    vi.advanceTimersByTime(200);
    await settle();
    expect(order).toEqual(["a", "b"]);
  });
});
