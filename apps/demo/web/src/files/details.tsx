/**
 * The details of the selected files.
 */
import { ErrorNote } from '../layout/dialog.tsx'
import { type Entry, type FileEntry, type FileInfo, type Storage, wordsOf } from '../storage/api.ts'
import { baseName, count, formatBytes, formatDate, formatExactBytes } from './names.ts'
import { Content } from './preview.tsx'
import { Thumbnail } from './thumbnail.tsx'
import { useFileInfo } from './use-file-info.ts'

interface DetailsProps {
  readonly storage: Storage
  readonly container: string
  readonly entries: readonly Entry[]
}

export function Details({ storage, container, entries }: DetailsProps) {
  const [entry, ...others] = entries
  if (entry === undefined) return <p class="hint">Select a file to see its details.</p>
  if (others.length > 0) return <Several entries={entries} />
  if (entry.folder) {
    return (
      <div class="details-folder">
        <Thumbnail storage={storage} container={container} entry={entry} size={56} />
        <h2>
          <bdi>{baseName(entry.name)}</bdi>
        </h2>
        <p class="hint">
          A folder is what the names in it have in common; it is there as long as there is a file in it.
        </p>
      </div>
    )
  }
  return <OneFile key={entry.name} storage={storage} container={container} entry={entry} />
}

function Several({ entries }: { readonly entries: readonly Entry[] }) {
  const folders = entries.filter(({ folder }) => folder).length
  const files = entries.length - folders
  const bytes = entries.reduce((sum, entry) => sum + (entry.folder ? 0 : entry.size), 0)
  return (
    <div>
      <h2>{count(entries.length, 'item')} selected</h2>
      <dl class="facts">
        {files > 0 && <Fact term="Files">{`${files}, together ${formatBytes(bytes)}`}</Fact>}
        {folders > 0 && <Fact term="Folders">{String(folders)}</Fact>}
      </dl>
    </div>
  )
}

function OneFile({ storage, container, entry }: { storage: Storage; container: string; entry: FileEntry }) {
  const { value: info, error } = useFileInfo(storage, container, entry.name, entry.etag ?? entry.mtime)
  return (
    <div class="details-file">
      <div class="details-content">
        {info !== undefined && <Content key={info.etag} storage={storage} info={info} />}
      </div>
      <h2>
        <bdi>{baseName(entry.name)}</bdi>
      </h2>
      {error !== undefined && <ErrorNote>{wordsOf(error)}</ErrorNote>}
      {info !== undefined && <Facts info={info} />}
    </div>
  )
}

function Facts({ info }: { readonly info: FileInfo }) {
  const { name, container, size, contentType, mtime, created, etag, metadata, checksums } = info
  const attributes = [
    ['Cache-Control', info.cacheControl],
    ['Disposition', info.contentDisposition],
    ['Encoding', info.contentEncoding],
    ['Language', info.contentLanguage],
  ] as const
  return (
    <dl class="facts">
      <Fact term="Type">{contentType}</Fact>
      <Fact term="Size">{formatExactBytes(size)}</Fact>
      <Fact term="Changed">{formatDate(mtime)}</Fact>
      {created !== undefined && <Fact term="Created">{formatDate(created)}</Fact>}
      <Fact term="Place">{`${container}/${name}`}</Fact>
      {attributes.map(
        ([term, value]) =>
          value !== undefined && (
            <Fact key={term} term={term}>
              {value}
            </Fact>
          ),
      )}
      {Object.entries(metadata).map(([key, value]) => (
        <Fact key={key} term={key}>
          {value}
        </Fact>
      ))}
      {Object.entries(checksums).map(([algorithm, value]) => (
        <Fact key={algorithm} term={algorithm.toUpperCase()} code>
          {value}
        </Fact>
      ))}
      <Fact term="ETag" code>
        {etag}
      </Fact>
    </dl>
  )
}

function Fact({ term, children, code = false }: { term: string; children: string; code?: boolean }) {
  return (
    <div class="fact">
      <dt>{term}</dt>
      <dd>{code ? <code>{children}</code> : <bdi>{children}</bdi>}</dd>
    </div>
  )
}
