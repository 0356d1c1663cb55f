// A few line drawings of our own, 24 × 24.

import { svg, type TemplateResult } from "lit";

const draw = (path: string): TemplateResult => svg`<path d=${path} />`;

const ICONS = {
  gear: draw("M4 7h9M17 7h3M4 17h3M11 17h9M13 7a2 2 0 1 0 4 0a2 2 0 1 0-4 0M7 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0"),
  mic: draw("M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4"),
  back: draw("M9 6 4 11l5 5M4 11h10a6 6 0 0 1 6 6v1"),
  up: draw("M7 21V10l4-7c1.6 0 2.5 1.2 2 3l-1 4h6a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 16.8 21zM7 10H3v11h4"),
  down: draw("M17 3v11l-4 7c-1.6 0-2.5-1.2-2-3l1-4H6a2 2 0 0 1-2-2.3l1.2-7A2 2 0 0 1 7.2 3zM17 14h4V3h-4"),
  sound: draw("M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11"),
  close: draw("M6 6l12 12M18 6 6 18"),
  ask: draw("M4 5h16v11H12l-5 4v-4H4z"),
  outline: draw("M4 6h2M9 6h11M4 12h2M9 12h11M4 18h2M9 18h11"),
  practice: draw("M4 5h12v14H4zM16 8h4v11h-4M7.5 12l2 2 4-4"),
  "for-you": draw("M12 3 15 9h6l-5 5 2 7-6-4-6 4 2-7-5-5h6z"),
  search: draw("M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM15.5 15.5 20 20"),
} as const;

export type Icon = keyof typeof ICONS;

export const icon = (name: Icon): TemplateResult =>
  svg`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${ICONS[name]}</svg>` as TemplateResult;
