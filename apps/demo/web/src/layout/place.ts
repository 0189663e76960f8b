/**
 * The data source, container and folder that are shown. The address contains them after the `#`, so
 * that they can be bookmarked, shared and left with the Back button.
 */
import { useEffect, useState } from 'preact/hooks'

export interface Place {
  readonly source: string | undefined
  readonly container: string | undefined
  /** Empty, or the prefix of the files in it, with a slash at its end. */
  readonly folder: string
}

/** `#/source/container/a/folder/`, each segment encoded by itself. */
export function addressOf(source: string, container?: string, folder = ''): string {
  const start = [source, ...(container === undefined ? [] : [container])].map(encodeURIComponent).join('/')
  if (container === undefined) return `#/${start}`
  return `#/${start}/${folder.split('/').map(encodeURIComponent).join('/')}`
}

function readPlace(hash: string): Place {
  try {
    const [, source, container, ...folders] = hash.split('/').map(decodeURIComponent)
    const folder = folders.join('/')
    return {
      source: source || undefined,
      container: container || undefined,
      folder: folder === '' || folder.endsWith('/') ? folder : `${folder}/`,
    }
  } catch {
    return { source: undefined, container: undefined, folder: '' }
  }
}

export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const changed = () => setHash(location.hash)
    // The address may have changed since the first rendering.
    changed()
    window.addEventListener('hashchange', changed)
    return () => window.removeEventListener('hashchange', changed)
  }, [])
  return readPlace(hash.slice(1))
}

export function goTo(source: string, container?: string, folder?: string): void {
  location.hash = addressOf(source, container, folder)
}
