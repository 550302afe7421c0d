/**
 * The page's files. `.ci/bundle.mjs` puts them in place of the name: the package needs none of their sources.
 */

export interface Page {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

declare const DASHBOARD_PAGE: Page;

export const { html, script, style }: Page = DASHBOARD_PAGE;
