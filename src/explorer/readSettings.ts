import { settingsElementId } from '../http/explorerSettings.ts';

/** Gives what the gateway wrote into the page. */
export function readSettings<Settings>(): Settings {
  // The page and this script come from one build, so the form is what the gateway's own code wrote.
  return JSON.parse(document.getElementById(settingsElementId)?.textContent ?? '') as Settings;
}
