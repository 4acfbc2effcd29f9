import { itemColumns, table } from './format';
import { Inventory } from './inventory';

const stock = new Inventory();
stock.add('bolt', 'steel', 'small');
stock.add('plate', 'steel');
stock.add('gasket', 'rubber', 'small');

async function report(tag: string): Promise<string> {
  return table(await Promise.resolve(stock.find({ tag })), itemColumns);
}

for (const tag of ['steel', 'small'] as const) {
  void report(tag).then((text) => console.log(text));
}
