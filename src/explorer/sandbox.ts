import type { SandboxSettings } from '../http/explorerSettings.ts';
import { readSettings } from './page.ts';
import './page.css';

declare global {
  interface Window {
    /** Set by Apollo's script. */
    EmbeddedSandbox?: new (
      options: object,
    ) => unknown;
  }
}

const settings = readSettings<SandboxSettings>();
const nonce = document.currentScript?.nonce ?? '';

/** Opens Sandbox; where a part of it does not come in time, goes to the other explorer or says so. */
function start(): void {
  const script = document.createElement('script');
  let stopTimer = startTimer(settings.scriptTimeoutMs, giveUp);
  script.src = settings.scriptUrl;
  script.nonce = nonce;
  script.addEventListener('error', giveUp);
  script.addEventListener('load', () => {
    stopTimer();
    stopTimer = startTimer(settings.frameTimeoutMs, giveUp);
    try {
      openSandbox();
    } catch {
      giveUp();
    }
  });
  // The frame speaks first, as soon as it runs. Whether it came at all cannot be seen from here in any other way.
  window.addEventListener('message', ({ origin }) => {
    if (origin === settings.frameOrigin) {
      stopTimer();
      endTrying();
    }
  });
  document.head.append(script);

  function giveUp(): void {
    stopTimer();
    endTrying();
    if (settings.fallbackPath !== null) {
      window.location.replace(settings.fallbackPath);
    } else {
      document.getElementById('failure')?.removeAttribute('hidden');
    }
  }
}

function endTrying(): void {
  document.getElementById('trying')?.setAttribute('hidden', '');
}

function openSandbox(): void {
  const { headers, endpointPath, tabs } = settings;
  const [{ document: initialDocument, variables }] = tabs;
  if (window.EmbeddedSandbox === undefined) {
    throw new Error("Apollo's script has no Sandbox in it.");
  }
  new window.EmbeddedSandbox({
    target: '#explorer',
    initialEndpoint: new URL(endpointPath, window.location.origin).href,
    endpointIsEditable: false,
    hideCookieToggle: true,
    runTelemetry: false,
    allowDynamicStyles: false,
    initialState: { document: initialDocument, variables, headers, includeCookies: false },
    handleRequest: sendAndTell,
  });
}

/** Sends what the frame asks for. Sandbox reads the schema every now and then, which is no answer to tell of. */
async function sendAndTell(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...request, credentials: 'omit' });
  if (!String(request.body).includes('__schema')) {
    const requestId = response.headers.get('client-request-id') ?? 'none';
    showState(` Last answer: ${response.status}, client-request-id ${requestId}`);
  }
  return response;
}

function showState(last = ''): void {
  const place = document.getElementById('state');
  if (place !== null) {
    place.textContent = `Answered by: ${settings.graph}.${last}`;
  }
}

function startTimer(ms: number, onEnd: () => void): () => void {
  const timer = window.setTimeout(onEnd, ms);
  return () => window.clearTimeout(timer);
}

showState();
start();
