import {fileURLToPath} from "node:url";
import {LiveTestnet, printJourney} from "mvm-node/kit";

// A Mixin user pays the app: node scripts/pay.mjs [text] [amount]
const [text = "hello from Mixin", amount = "1.5"] = process.argv.slice(2);
const net = new LiveTestnet(fileURLToPath(new URL("..", import.meta.url)));
const app = net.app("Guestbook");
const payment = await net.pay(app, {amount, extra: text, journey: printJourney});
console.log(`the guestbook has ${await app.contract.count()} entries`);
if (net.running.explorer) console.log(`see ${net.running.explorer}#/payment/${payment.outputId}`);
net.close();
