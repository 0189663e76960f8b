import { describe, it } from 'node:test'
import { registerConformance } from '@stowage/core/conformance'
import { createMemoryStore, MemoryProvider } from '@stowage/provider-memory'

const store = createMemoryStore()
registerConformance({ describe, it }, 'memory', { createProvider: () => new MemoryProvider({ store }) })
