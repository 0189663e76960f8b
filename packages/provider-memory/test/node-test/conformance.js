import { after, describe, it } from 'node:test'
import { registerConformance } from '@stowage/core/conformance'
import { createMemoryStore, MemoryProvider } from '@stowage/provider-memory'

const store = createMemoryStore()
registerConformance({ describe, it, after }, 'memory', { createProvider: () => new MemoryProvider({ store }) })
