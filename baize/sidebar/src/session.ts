// What survives a reload: ids, never words and never the token. Where storage is denied (a third-party
// iframe), memory has to do.

export interface Kept {
  conversationId: string;
  /** Newest last. */
  answerIds: string[];
}

const MAX_ANSWERS = 8;

export function read(key: string): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<Kept> | null;
    if (!kept || typeof kept.conversationId !== "string" || !Array.isArray(kept.answerIds)) return null;
    return { conversationId: kept.conversationId, answerIds: kept.answerIds.filter((id) => typeof id === "string") };
  } catch {
    return null;
  }
}

export function write(key: string, kept: Kept): void {
  try {
    sessionStorage.setItem(key, JSON.stringify({ ...kept, answerIds: kept.answerIds.slice(-MAX_ANSWERS) }));
  } catch {
    // Denied or full: the answer is on the page all the same.
  }
}
