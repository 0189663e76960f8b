import { Icon } from '../layout/icons.tsx'
import { addressOf } from '../layout/place.ts'
import { trail } from './names.ts'

interface BreadcrumbsProps {
  readonly source: string
  readonly container: string
  readonly folder: string
}

/** The way from the data source to the folder. */
export function Breadcrumbs({ source, container, folder }: BreadcrumbsProps) {
  const steps = [
    { name: source, href: addressOf(source) },
    { name: container, href: addressOf(source, container) },
    ...trail(folder).map((each) => ({ name: each.name || '/', href: addressOf(source, container, each.folder) })),
  ]
  return (
    <nav class="crumbs" aria-label="Location">
      <ol>
        {steps.map(({ name, href }, index) => (
          <li key={href}>
            {index > 0 && <Icon name="right" size={14} />}
            <a class="crumb" href={href} aria-current={index === steps.length - 1 ? 'page' : undefined}>
              <bdi>{name}</bdi>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}
