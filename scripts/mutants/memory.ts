import type { Mutant } from './mutant.ts'

const at = (module: string) => `packages/provider-memory/src/${module}.ts`
/** In core, which the suite loads as built files. */
const kit = (module: string) => `packages/core/src/kit/${module}.ts`

export const memoryMutants: readonly Mutant[] = [
  {
    name: 'ignores the end of a range',
    file: at('reader'),
    find: 'content.subarray(offset, offset + length)',
    replace: 'content.subarray(offset)',
  },
  {
    name: 'ignores the start of a range',
    file: at('reader'),
    find: 'content.subarray(offset, offset + length)',
    replace: 'content.subarray(0, length)',
  },
  {
    name: 'lists in the order of writing',
    file: at('store'),
    find: '.toSorted(compareNames)',
    replace: '',
  },
  {
    name: 'lists in the order of UTF-16',
    file: at('store'),
    find: '.toSorted(compareNames)',
    replace: '.toSorted()',
  },
  {
    name: 'begins a page with the last entry of the previous page',
    file: kit('sorted-lists'),
    find: 'after) <= 0)',
    replace: 'after) < 0)',
  },
  {
    name: 'returns a cursor after the last page',
    file: kit('sorted-lists'),
    find: 'return { entries }',
    replace:
      'const end = entries.at(-1); return end === undefined ? { entries } : { entries, next: encodePosition(keyOf(end)) }',
  },
  {
    name: 'lists a folder once for each of its files',
    file: kit('sorted-lists'),
    find: 'name.startsWith(folder)',
    replace: 'false',
  },
  {
    name: 'accepts any text as a cursor',
    file: at('lister'),
    find: 'decodePosition(options.next, isName)',
    replace: '(options.next && Buffer.from(options.next, "base64url").toString().slice(1, -1))',
  },
  {
    name: 'loses attributes on copy',
    file: at('copier'),
    find: '?? attributesOf(info)',
    replace: '?? { ...attributesOf(info), cacheControl: undefined }',
  },
  {
    name: 'loses metadata on copy',
    file: at('copier'),
    find: '?? attributesOf(info)',
    replace: '?? { ...attributesOf(info), metadata: {} }',
  },
  {
    name: 'ignores the condition on the source of a copy',
    file: at('copier'),
    find: 'defined({ ifMatch: options.ifSourceMatch })',
    replace: '{}',
  },
  {
    name: 'ignores conditions on writes',
    file: at('store'),
    find: 'checkWriteConditions(previous?.info, conditions)',
    replace: 'void checkWriteConditions; void conditions',
  },
  {
    name: 'checks the conditions of a write only before its body has arrived',
    file: at('writer'),
    find: 'const content = await readBody(body, options.signal)\n  return write(memory, { container, file }, content, options)',
    replace:
      'const had = memory.store.containers.get(container)?.names().includes(file)\n    const content = await readBody(body, options.signal)\n    await null\n    if (had && options.conditions.ifNoneMatch) throw new StorageError("PRECONDITION_FAILED", "")\n    return write(memory, { container, file }, content, { ...options, conditions: options.conditions.ifNoneMatch ? {} : options.conditions })',
  },
  {
    name: 'returns the same ETag for every version',
    file: at('store'),
    find: '`"${(++store.versions).toString(16)}"`',
    replace: '`"${(store.versions * 0).toString(16)}"`',
  },
  {
    name: 'returns an ETag without quotation marks',
    file: at('store'),
    find: '`"${(++store.versions).toString(16)}"`',
    replace: '`${(++store.versions).toString(16)}`',
  },
  {
    name: 'ignores conditions on reads',
    file: at('reader'),
    find: 'const { info, content } = containerOf(memory, container).file(file)\n  checkReadConditions(info, conditions)',
    replace: 'const { info, content } = containerOf(memory, container).file(file)\n  void conditions',
  },
  {
    name: 'ignores conditions on getFile',
    file: at('reader'),
    find: 'const { info } = containerOf(memory, container).file(file)\n  checkReadConditions(info, conditions)',
    replace: 'const { info } = containerOf(memory, container).file(file)\n  void conditions',
  },
  {
    name: 'ignores conditions on deletions',
    file: at('remover'),
    find: 'checkWriteConditions(stored.file(file).info, conditions)',
    replace: 'stored.file(file); void conditions',
  },
  {
    name: 'deletes a missing file without an error',
    file: at('remover'),
    find: 'checkWriteConditions(stored.file(file).info, conditions)',
    replace: 'if (stored.names().includes(file)) checkWriteConditions(stored.file(file).info, conditions)',
  },
  {
    name: 'destroys a container that should be destroyed only if empty',
    file: at('containers'),
    find: '.size > 0 && onlyIfEmpty',
    replace: '.size > 1_000_000 && onlyIfEmpty',
  },
  {
    name: 'creates a container that exists',
    file: at('containers'),
    find: 'if (store.containers.has(container)) throw containerExists(container)',
    replace: '',
  },
  {
    name: 'keeps a multipart upload after its completion',
    file: at('uploads'),
    find: 'containerOf(memory, upload.container).uploads.delete(upload.id)\n  return written',
    replace: 'return written',
  },
  {
    name: 'does not abort multipart uploads',
    file: at('uploads'),
    find: 'if (uploads.get(upload.id)?.file === upload.file) uploads.delete(upload.id)',
    replace: '',
  },
  {
    name: 'joins parts in the order of their arrival',
    file: at('uploads'),
    find: 'return Buffer.concat(contents)',
    replace: 'return Buffer.concat([...upload.parts.values()].map(({ content }) => content))',
  },
  {
    name: 'does not check the tags of parts',
    file: at('uploads'),
    find: 'if (stored.part.tag !== tag)',
    replace: 'if (stored.part.tag === "" && tag)',
  },
  {
    name: 'leaves out a part that was not sent',
    file: at('uploads'),
    find: 'if (stored === undefined) throw invalidPart(`part ${partNumber} was not sent`)',
    replace: 'if (stored === undefined) return new Uint8Array()',
  },
  {
    name: 'loses the attributes of a multipart upload',
    file: at('uploads'),
    find: 'const { attributes, checksums } = stored\n  const written',
    replace:
      'const { checksums } = stored\n    const attributes = { contentType: "text/plain", metadata: {} }\n    const written',
  },
  {
    name: 'returns its own memory',
    file: at('reader'),
    find: 'bytes: Uint8Array.from(part)',
    replace: 'bytes: part',
  },
  {
    name: "stores the caller's memory",
    file: kit('bodies'),
    find: 'return Uint8Array.from(body)',
    replace: 'return body',
  },
  {
    name: 'returns a creation time after the modification time',
    file: at('store'),
    find: 'created: previous?.info.created ?? mtime',
    replace: 'created: new Date(mtime.getTime() + 1000)',
  },
  {
    name: 'returns an earlier modification time if the clock was set back',
    file: at('store'),
    find: 'new Date(Math.max(now, previous?.info.mtime.getTime() ?? now))',
    replace: 'new Date(now)',
    case: 'K.25',
  },
  {
    name: 'loses checksums',
    file: at('store'),
    find: 'checksums: version.checksums,',
    replace: 'checksums: {},',
  },
  {
    name: 'ignores the limit of a list of files',
    file: at('lister'),
    find: 'const { prefix, delimiter, limit } = options',
    replace: 'const { prefix, delimiter } = options\n  const limit = 1_000_000',
    case: 'M.35',
  },
  {
    name: 'ignores the limit of a list of parts',
    file: at('uploads'),
    find: 'partKey, { limit,',
    replace: 'partKey, { limit: limit + 1_000_000,',
    case: 'G.29',
  },
  {
    name: 'ignores the limit of a list of unfinished uploads',
    file: at('uploads'),
    find: 'uploadKey, { limit,',
    replace: 'uploadKey, { limit: limit + 1_000_000,',
    case: 'G.29',
  },
  {
    name: 'destroys the content of copies in other containers with a container',
    file: at('containers'),
    find: 'memory.store.containers.delete(container)',
    replace:
      'const stored = containerOf(memory, container)\n  for (const name of stored.names()) stored.file(name).content.fill(0)\n  memory.store.containers.delete(container)',
    case: 'N.19',
  },
  {
    name: 'takes a while to remove a file, whether its signal is aborted or not',
    file: at('remover'),
    find: 'const stored = containerOf(memory, container)\n  checkWriteConditions',
    replace:
      'await new Promise((resolve) => setTimeout(resolve, 400))\n  const stored = containerOf(memory, container)\n  checkWriteConditions',
    case: 'F.20',
  },
]
