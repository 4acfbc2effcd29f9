export interface Item {
  readonly id: number;
  readonly name: string;
  readonly tags: ReadonlySet<string>;
}

export type Query = Partial<Pick<Item, 'id' | 'name'>> & { tag?: string };

export class Inventory {
  readonly #items = new Map<number, Item>();
  #next = 1;

  add(name: string, ...tags: string[]): Item {
    const item: Item = { id: this.#next++, name, tags: new Set(tags) };
    this.#items.set(item.id, item);
    return item;
  }

  *find(query: Query): Generator<Item, void> {
    for (const item of this.#items.values()) {
      if (query.id !== undefined && item.id !== query.id) continue;
      if (query.name !== undefined && item.name !== query.name) continue;
      if (query.tag !== undefined && !item.tags.has(query.tag)) continue;
      yield item;
    }
  }

  get size(): number {
    return this.#items.size;
  }
}
