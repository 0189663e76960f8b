import type { Mutant } from './mutant.ts'

const at = (module: string) => `provider-memory/src/${module}.ts`

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
    name: 'begins a page with the last entry of the one before',
    file: at('pages'),
    find: 'after) <= 0) continue',
    replace: 'after) < 0) continue',
  },
  {
    name: 'gives a cursor after the last page',
    file: at('pages'),
    find: '  return { entries }\n',
    replace:
      '  const end = entries.at(-1)\n  return end === undefined ? { entries } : { entries, next: encodePosition(keyOf(end)) }\n',
  },
  {
    name: 'shows a folder once for each of its files',
    file: at('pages'),
    find: 'if (folder !== undefined && name.startsWith(folder)) continue',
    replace: '',
  },
  {
    name: 'takes any text for a cursor',
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
    name: 'checks the conditions of a write before its body has come, and not after',
    file: at('writer'),
    find: 'const content = await bytesOf(body, options.signal)\n  return write(memory, { container, file }, content, options)',
    replace:
      'const had = memory.store.containers.get(container)?.names().includes(file)\n    const content = await bytesOf(body, options.signal)\n    await null\n    if (had && options.conditions.ifNoneMatch) throw new StorageError("PRECONDITION_FAILED", "")\n    return write(memory, { container, file }, content, { ...options, conditions: options.conditions.ifNoneMatch ? {} : options.conditions })',
  },
  {
    name: 'gives every version the same ETag',
    file: at('store'),
    find: '`"${(++store.versions).toString(16)}"`',
    replace: '`"${(store.versions * 0).toString(16)}"`',
  },
  {
    name: 'gives an ETag without quotation marks',
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
    name: 'ignores conditions on a look',
    file: at('reader'),
    find: 'const { info } = containerOf(memory, container).file(file)\n  checkReadConditions(info, conditions)',
    replace: 'const { info } = containerOf(memory, container).file(file)\n  void conditions',
  },
  {
    name: 'ignores conditions on removal',
    file: at('remover'),
    find: 'checkWriteConditions(stored.file(file).info, conditions)',
    replace: 'stored.file(file); void conditions',
  },
  {
    name: 'removes a missing file without a word',
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
    name: 'creates a container over one that exists',
    file: at('containers'),
    find: 'if (store.containers.has(container)) throw containerExists(container)',
    replace: '',
  },
  {
    name: 'keeps a part upload after its completion',
    file: at('uploads'),
    find: 'containerOf(memory, upload.container).uploads.delete(upload.id)\n  return written',
    replace: 'return written',
  },
  {
    name: 'does not abort part uploads',
    file: at('uploads'),
    find: 'if (uploads.get(upload.id)?.file === upload.file) uploads.delete(upload.id)',
    replace: '',
  },
  {
    name: 'joins parts in the order in which they came',
    file: at('uploads'),
    find: 'return Buffer.concat(contents)',
    replace: 'return Buffer.concat([...upload.parts.values()].map(({ content }) => content))',
  },
  {
    name: 'does not look at the tags of parts',
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
    name: 'forgets the attributes of a part upload',
    file: at('uploads'),
    find: 'const { attributes, checksums } = stored\n  const written',
    replace:
      'const { checksums } = stored\n    const attributes = { contentType: "text/plain", metadata: {} }\n    const written',
  },
  {
    name: 'hands out its own memory',
    file: at('reader'),
    find: 'bytes: Uint8Array.from(part)',
    replace: 'bytes: part',
  },
  {
    name: 'keeps the memory that it was given',
    file: at('writer'),
    find: 'if (body instanceof Uint8Array) return Uint8Array.from(body)',
    replace: 'if (body instanceof Uint8Array) return body',
  },
  {
    name: 'says that a file was made later than it was changed',
    file: at('store'),
    find: 'created: previous?.info.created ?? mtime',
    replace: 'created: new Date(mtime.getTime() + 1000)',
  },
  {
    name: 'lets the time of change follow a clock that goes back',
    file: at('store'),
    find: 'new Date(Math.max(now, previous?.info.mtime.getTime() ?? now))',
    replace: 'new Date(now - store.versions * 1000)',
  },
  {
    name: 'forgets checksums',
    file: at('store'),
    find: 'checksums: version.checksums,',
    replace: 'checksums: {},',
  },
]
