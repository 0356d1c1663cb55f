// What survives a reload: ids, never words and never the token. Where storage is denied (a third-party
// iframe), memory has to do.

export interface Kept {
  conversationId: string;
  /** The latest answer, which may still be going on. */
  answerId: string;
}

export function read(key: string): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<Kept> | null;
    if (typeof kept?.conversationId !== "string" || typeof kept.answerId !== "string") return null;
    return { conversationId: kept.conversationId, answerId: kept.answerId };
  } catch {
    return null;
  }
}

export function write(key: string, kept: Kept): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Denied or full: the answer is on the page all the same.
  }
}
