// Can this browser run Rockpool? If not: what is missing, in a sentence, and the next step.

export interface Problem {
  readonly title: string;
  readonly cause: string;
  readonly step: string;
  /** Where the next step leads, when it is another address. */
  readonly href?: string;
}

const CURRENT = 'Open this page in a current Firefox, Chrome, Edge or Safari.';

/** What the page can see at once. Undefined if nothing is missing. */
export function findProblem(): Problem | undefined {
  if (!window.isSecureContext || !('subtle' in crypto)) {
    return {
      title: 'This page is not on a secure address',
      cause: 'Browsers only let secure pages encrypt and store files.',
      step: 'Open it with https at the front, or on the server’s own machine as localhost:',
      href: `https://${location.host}${location.pathname}${location.hash}`,
    };
  }
  if (!('RTCPeerConnection' in window)) {
    return {
      title: 'No direct connections here',
      cause: 'WebRTC, which links devices directly, is missing in this browser or switched off.',
      step: `Switch WebRTC on in its settings. Or: ${CURRENT.charAt(0).toLowerCase()}${CURRENT.slice(1)}`,
    };
  }
  if (!('storage' in navigator) || !('getDirectory' in navigator.storage) || !('Worker' in window)) {
    return {
      title: 'This browser cannot keep arriving files',
      cause: 'It lacks the private file storage that large files need.',
      step: CURRENT,
    };
  }
  return undefined;
}

/** What shows only when tried: private windows of some browsers have the storage but refuse it. */
export async function findHiddenProblem(): Promise<Problem | undefined> {
  try {
    await navigator.storage.getDirectory();
    return undefined;
  } catch {
    return {
      title: 'This window cannot keep arriving files',
      cause: 'The browser refuses file storage here, as some do in private windows.',
      step: 'Open the page in an ordinary window.',
    };
  }
}
