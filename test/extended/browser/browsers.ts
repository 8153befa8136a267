import { spawnSync } from 'node:child_process';
import type { BrowserContext, Page, Route } from 'playwright-core';

const program = process.env['CHROMIUM'] || '/usr/bin/chromium';

/** Whether there is a Chromium to start: where Debian puts it, or where CHROMIUM says. */
export const hasChromium = spawnSync(program, ['--version']).status === 0;

if (!hasChromium) {
  process.stderr.write(`No Chromium at ${program}: the tests in a browser are left out.\n`);
}

/** The answer of another origin; undefined for none at all, null for no connection. */
export type Elsewhere = (
  url: URL,
) => { readonly contentType: string; readonly body: string } | undefined | null;

/** A page and everything that happened in it. */
export interface WatchedPage {
  readonly page: Page;
  /** The addresses that it asked for, in order, whether anybody answered or not. */
  readonly requests: readonly string[];
  /** What it complained of: errors in the console, uncaught errors, violations of its content security policy. */
  readonly complaints: readonly string[];
}

/** A headless browser of the test's own. */
export interface TestBrowser {
  /** Opens a page with nothing remembered. Elsewhere is all but this machine; unless given, it has no addresses. */
  open(
    url: string,
    options?: { elsewhere?: Elsewhere; hasOwnClock?: boolean },
  ): Promise<WatchedPage>;
  /** Closes all pages, and with them what still goes on in them. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** Starts Chromium, with a new profile, so that it sends no request by itself. */
export async function startBrowser(): Promise<TestBrowser> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: program,
    headless: true,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
  return {
    async open(url, { elsewhere, hasOwnClock = false } = {}) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      if (hasOwnClock) {
        await context.clock.install();
      }
      const watched = watch(context, await context.newPage());
      // Only where it is needed: who intercepts requests answers preflights in the browser's stead.
      if (elsewhere !== undefined) {
        await context.route(
          ({ hostname }) => hostname !== '127.0.0.1',
          (route) => answer(route, elsewhere),
        );
      }
      await watched.page.goto(url, { waitUntil: 'domcontentloaded' });
      return watched;
    },
    async closePages() {
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    close: () => browser.close(),
  };
}

function watch(context: BrowserContext, page: Page): WatchedPage {
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  return { page, requests, complaints };
}

async function answer(route: Route, elsewhere: Elsewhere): Promise<void> {
  const said = elsewhere(new URL(route.request().url()));
  if (said === null) {
    await route.abort('internetdisconnected');
  } else if (said !== undefined) {
    await route.fulfill(said);
  }
}
