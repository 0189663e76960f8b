import { useState } from 'preact/hooks'
import { Icon } from '../layout/icons.tsx'
import type { Entry, Storage } from '../storage/api.ts'
import { iconByName, kindByName } from './kinds.ts'

/** Bytes: there are no small versions, so larger images are not loaded for a thumbnail. */
const largest = 4_000_000

interface Connection {
  readonly saveData?: boolean
  readonly effectiveType?: string
}

/** Whether the visitor's line or wish says that nothing should be loaded unasked. */
function mustSave(): boolean {
  const { connection } = navigator as Navigator & { readonly connection?: Connection }
  return connection?.saveData === true || /2g$/.test(connection?.effectiveType ?? '')
}

interface ThumbnailProps {
  readonly storage: Storage
  readonly container: string
  readonly entry: Entry
  readonly size: number
}

/** An image where the file is one, as an image and never as markup; else an icon. */
export function Thumbnail({ storage, container, entry, size }: ThumbnailProps) {
  const [broken, setBroken] = useState(false)
  const { name } = entry
  if (entry.folder) {
    return (
      <span class="thumbnail folder">
        <Icon name="folder" size={size} />
      </span>
    )
  }
  if (kindByName(name) !== 'image' || entry.size > largest || entry.size === 0 || broken || mustSave()) {
    return (
      <span class={`thumbnail ${kindByName(name)}`}>
        <Icon name={iconByName(name)} size={size} />
      </span>
    )
  }
  // The version in the address prevents the browser from showing a cached image of another version.
  const url = `${storage.downloadUrl(container, name)}?${new URLSearchParams({ v: entry.etag ?? entry.mtime })}`
  return (
    <span class="thumbnail picture">
      <img src={url} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
    </span>
  )
}
