// The one way to the API. The token travels in a header only: never in a URL, a cookie or a log.

import type { Problem } from "./wire";

/** The server refused, and said why. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
}

export interface Call {
  method?: string;
  body?: unknown;
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  keepalive?: boolean;
}

export class Client {
  /**
   * @param base the API's root, ending in `/v1/`.
   * @param token asked at every call, because hosts renew it; empty where the server wants none.
   */
  constructor(
    readonly base: string,
    private readonly token: () => string,
    private readonly expired: () => void,
  ) {}

  /** @throws Refused with the server's problem; TypeError when the network is away. */
  async call(path: string, call: Call = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: call.accept ?? "application/json", ...call.headers };
    const token = this.token();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    const init: RequestInit = {
      method: call.method ?? "GET",
      headers,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      keepalive: call.keepalive ?? false,
      signal: call.signal ?? null,
    };
    if (call.body instanceof Blob) init.body = call.body;
    else if (call.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(call.body);
    }
    const response = await fetch(this.base + path, init);
    if (response.ok) return response;
    if (response.status === 401) this.expired();
    throw new Refused(await problem(response));
  }

  async json<T>(path: string, call: Call = {}): Promise<T> {
    return (await (await this.call(path, call)).json()) as T;
  }

  /** As `json`, but null where the server has no such thing (yet). */
  async maybe<T>(path: string, signal?: AbortSignal): Promise<T | null> {
    try {
      return await this.json<T>(path, signal ? { signal } : {});
    } catch (error) {
      if (error instanceof Refused && [404, 405, 501].includes(error.problem.status)) return null;
      throw error;
    }
  }
}

async function problem(response: Response): Promise<Problem> {
  const fallback = { title: response.statusText, status: response.status, detail: "" };
  try {
    return { ...fallback, ...((await response.json()) as Partial<Problem>), status: response.status };
  } catch {
    return fallback;
  }
}

/** A path segment. */
export const segment = encodeURIComponent;
