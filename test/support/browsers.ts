import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const program = process.env['CHROMIUM'] || '/usr/bin/chromium';

/** Whether there is a Chromium to start: where Debian puts it, or where CHROMIUM says. */
export const hasChromium = spawnSync(program, ['--version']).status === 0;

/** A page and everything that happened in it. */
export interface WatchedPage {
  readonly page: Page;
  /** The addresses that it asked for, in order, whether anybody answered or not. */
  readonly requests: readonly string[];
  /** What it complained of: errors in the console, uncaught errors, violations of its content security policy. */
  readonly complaints: readonly string[];
}

/** A headless browser of the test's own, with nothing remembered. */
export interface TestBrowser {
  readonly context: BrowserContext;
  /** Opens a page in which `answerElsewhere` speaks for all but this machine; without it, nobody answers there. */
  open(url: string, answerElsewhere?: (url: string) => string | undefined): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** Starts Chromium so that it asks nobody anything by itself. */
export async function startBrowser(): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program,
    headless: true,
    chromiumSandbox: false,
    viewport: { width: 1400, height: 900 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    context,
    async open(url, answerElsewhere = () => undefined) {
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
          complaints.push(`${message.text()} (${message.location().url})`);
        }
      });
      await page.route(
        ({ hostname }) => hostname !== '127.0.0.1',
        (route) => {
          const body = answerElsewhere(route.request().url());
          return body === undefined
            ? route.abort('internetdisconnected')
            : route.fulfill({ contentType: 'text/javascript', body });
        },
      );
      await page.goto(url);
      return { page, requests, complaints };
    },
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
