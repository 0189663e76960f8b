import { registerConformance } from '@stowage/core/conformance'
import { describe, it } from 'vitest'
import { createMemoryStore, MemoryProvider } from '../src/index.js'

const store = createMemoryStore()
const realNow = Date.now

registerConformance({ describe, it }, 'memory', {
  createProvider: () => new MemoryProvider({ store }),
  moveClock: (milliseconds) => {
    Date.now = milliseconds === 0 ? realNow : () => realNow() + milliseconds
  },
})
