import { registerConformance } from '@stowage/core/conformance'
import { describe, it } from 'vitest'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

const store = createMemoryStore()
registerConformance({ describe, it }, 'memory', { createProvider: () => new MemoryProvider({ store }) })
