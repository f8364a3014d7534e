import {fileURLToPath} from "node:url";
import {LiveTestnet, printJourney} from "mvm-node/kit";

// Deploys the app and registers it on the testnet that runs on this machine.
const net = new LiveTestnet(fileURLToPath(new URL("..", import.meta.url)));
const app = await net.publish("Guestbook", {journey: printJourney});
console.log(`Guestbook is at ${app.address}, its process is ${app.process}`);
net.close();
