import type { Mutant } from './mutant.ts'

const at = (module: string) => `provider-fs/src/${module}.ts`

export const fsMutants: readonly Mutant[] = [
  {
    name: 'ignores the end of a range',
    file: at('reader'),
    find: 'const range = resolveRange(options.range, info.size)',
    replace:
      'const asked = resolveRange(options.range, info.size)\n    const range = { ...asked, length: info.size - asked.offset }',
  },
  {
    name: 'ignores conditions on reads',
    file: at('reader'),
    find: 'const info = fileInfo(place, stats, kept)\n    checkReadConditions(info, options.conditions)\n    const range',
    replace: 'const info = fileInfo(place, stats, kept)\n    const range',
  },
  {
    name: 'ignores conditions on getFile',
    file: at('reader'),
    find: 'checkReadConditions(info, options.conditions)\n    return info',
    replace: 'return info',
  },
  {
    name: 'returns the attributes of another version',
    file: at('reader'),
    find: 'const kept = await workspace.attributes.find(place, stats)',
    replace:
      'const now = await workspace.directories.direct.lstatIfThere(path)\n  const kept = await workspace.attributes.find(place, now ?? stats)',
  },
  {
    name: 'overwrites the existing file in place',
    file: at('files/commit'),
    find: 'await direct.rename(path, to)',
    replace: 'const { copyFile } = await import("node:fs/promises")\n  await copyFile(path, to)',
  },
  {
    name: 'replaces a file that did not exist a moment ago',
    file: at('files/commit'),
    find: 'await direct.link(content.path, directory.at(place.entry))',
    replace: 'await direct.rename(content.path, directory.at(place.entry))',
  },
  {
    name: 'ignores conditions on writes at the commit',
    file: at('files/commit'),
    find: 'checkWriteConditions(present && { etag: etagOf(present) }, conditions)\n      await prepare',
    replace: 'await prepare',
  },
  {
    name: 'frees chunks before they are copied',
    file: at('writer'),
    find: 'const writing = writer.add(chunk)',
    replace: 'freeChunk(chunk)\n      const writing = writer.add(chunk)',
  },
  {
    name: 'acquires no lock',
    file: at('files/commit'),
    find: 'return workspace.locks.hold([lockOf(place)], signal, async () => {',
    replace: 'return workspace.locks.hold([], signal, async () => {',
  },
  {
    name: 'loses attributes',
    file: at('files/commit'),
    find: 'if (!plain) await workspace.attributes.save(place, stats, options)',
    replace: '',
  },
  {
    name: 'lists unsorted',
    file: at('files/sorted-names'),
    find: 'run.sort() : run.sort(compareNames)',
    replace: 'run.reverse() : run.sort(compareNames).reverse()',
  },
  {
    name: 'lists the last entry of a page twice',
    file: at('lister'),
    find: '} else if (compareNames(name, this.#after) > 0) {',
    replace: '} else if (compareNames(name, this.#after) >= 0) {',
  },
  {
    name: 'lists a folder again on the next page',
    file: at('lister'),
    find: 'done: compareNames(folderName, this.#after) <= 0 }',
    replace: 'done: compareNames(folderName, this.#after) < 0 }',
  },
  {
    name: 'returns a cursor after the last page',
    file: at('lister'),
    find: 'if (further.length > 0) return { entries, next: encodeNext(options, after) }\n  }\n  return { entries }',
    replace:
      'if (further.length > 0) break\n  }\n  return entries.length === 0 ? { entries } : { entries, next: encodeNext(options, after) }',
  },
  {
    name: 'accepts any text as a cursor',
    file: at('lister'),
    find: 'if (after === undefined || !after.startsWith(prefix) || encodeNext(options, after) !== next) {',
    replace: 'if (after === undefined) return next\n  if (after === next) {',
  },
  {
    name: "compares only the prefix's directory",
    file: at('lister'),
    find: 'if (!relative.startsWith(prefix)) {',
    replace: 'if (false) {',
  },
  {
    name: 'loses attributes on copy',
    file: at('copier'),
    find: 'attributes: attributes ?? kept.attributes,',
    replace: 'attributes: attributes ?? { ...kept.attributes, metadata: {} },',
  },
  {
    name: 'loses checksums on copy',
    file: at('copier'),
    find: 'checksums: kept.checksums,',
    replace: 'checksums: {},',
  },
  {
    name: 'ignores the condition on the source of a copy',
    file: at('copier'),
    find: "if (ifSourceMatch === undefined || ifSourceMatch === '*' || ifSourceMatch === etag) return",
    replace: 'if (etag !== undefined) return',
  },
  {
    name: 'ignores conditions on the target of a move',
    file: at('copier'),
    find: 'checkWriteConditions(replaced && { etag: etagOf(replaced) }, options.conditions)',
    replace: 'void checkWriteConditions',
  },
  {
    name: 'ignores conditions on deletions',
    file: at('remover'),
    find: 'checkWriteConditions({ etag: etagOf(present) }, options.conditions)',
    replace: 'void checkWriteConditions',
  },
  {
    name: 'returns an error for a missing file in a batch',
    file: at('remover'),
    find: "if (isStorageError(error, 'FILE_NOT_FOUND')) return { file }",
    replace: '',
  },
  {
    name: 'loses the last part',
    file: at('uploads/parts'),
    find: 'const size = await checkParts(directory, upload, parts)',
    replace: 'const size = await checkParts(directory, upload, parts.slice(0, Math.max(1, parts.length - 1)))',
  },
  {
    name: 'writes every part at the beginning',
    file: at('uploads/parts'),
    find: 'const position = (partNumber - 1) * upload.partSize',
    replace: 'const position = 0',
  },
  {
    name: 'does not check the tags of parts',
    file: at('uploads/parts'),
    find: 'if (present.tag !== tag)',
    replace: "if (present.tag === '')",
  },
  {
    name: 'keeps the content of parts after the last one',
    file: at('uploads/parts'),
    find: 'await ftruncate(fd, size)',
    replace: 'void size',
  },
  {
    name: 'keeps an upload after it was aborted',
    file: at('uploads'),
    find: 'await rename(uploads.at(upload.id), temporaries.at(name))',
    replace: 'return',
  },
  {
    name: 'lists uploads of every name and ignores the prefix',
    file: at('uploads'),
    find: 'if (stored === undefined || !stored.file.startsWith(prefix)) continue',
    replace: 'if (stored === undefined) continue',
  },
  {
    name: 'returns the same ETag for versions of the same second',
    file: at('files/versions'),
    find: '`"${versionOf(stats)}"`',
    replace: '`"${(stats.mtimeNs / 1_000_000_000n).toString(16)}-${stats.size.toString(16)}"`',
  },
  {
    name: 'leaves the temporary file of a failed write',
    file: at('disk/temporary'),
    find: 'await this.#directories.direct.unlink(this.path).catch((error: unknown) => {',
    replace: 'await Promise.resolve().catch((error: unknown) => {',
  },
]
