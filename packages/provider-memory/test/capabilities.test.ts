import { registerConformance } from '@stowage/core/conformance'
import { afterAll, describe, it } from 'vitest'
import { createMemoryStore, MemoryProvider, type MemoryProviderOptions } from '../src/index.js'

const register = (name: string, capabilities: NonNullable<MemoryProviderOptions['capabilities']>) => {
  const store = createMemoryStore()
  registerConformance({ describe, it, after: afterAll }, name, {
    createProvider: () => new MemoryProvider({ store, capabilities }),
  })
}

register('memory-minimal', {
  maxPageSize: 7,
  maxFileSize: 300_000_000,
  maxPutSize: 300_000_000,
  parts: false,
  conditions: { create: false, update: false, remove: false, destroyEmpty: 'atomic' },
  attributes: {
    cacheControl: false,
    contentDisposition: false,
    contentEncoding: false,
    contentLanguage: false,
    expires: false,
    maxMetadataBytes: 0,
  },
  checksums: [],
})

register('memory-streaming', { streamingPut: true })
