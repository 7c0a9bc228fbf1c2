using Backup.Tests.Bench;

// One class per bench; each prints a yardstick of the same run and its ratio to it, and ends with 0 where the goal is met.
switch (args.FirstOrDefault())
{
    case "blockstore-write":
        return await BlockstoreWrite.RunAsync();
    case "oplog-apply":
        return OplogApplyBench.Run();
    default:
        Console.Error.WriteLine("usage: bench blockstore-write | oplog-apply");
        return 2;
}
