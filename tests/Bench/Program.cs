using Backup.Tests.Bench;

// One class per bench; each prints a yardstick of the same run and its ratio to it, and ends with 0 where the goal is met.
switch (args.FirstOrDefault())
{
    case "blockstore-write":
        return await BlockstoreWrite.RunAsync();
    case "oplog-apply":
        return OplogApplyBench.Run();
    case "head-apply":
        return await HeadApplyBench.RunAsync();
    case "pitr-replay":
        return await PitrReplayBench.RunAsync(args[1..], compare: true);
    case "pitr-memory":
        return await PitrReplayBench.RunAsync(args[1..], compare: false);
    case "pitr-restore" when args.Length == 4:
        return await PitrRestore.RunAsync(args[1..]);
    case "initial-sync":
        return await InitialSyncBench.RunAsync(args[1..]);
    case "restore":
        return await RestoreBench.RunAsync(args[1..]);
    case "memory":
        return await MemoryBench.RunAsync(args[1..]);
    case "tail-lag":
        return await TailLagBench.RunAsync(args[1..]);
    case "ingest-agents":
        return await IngestAgentsBench.RunAsync(args[1..]);
    case "ingest-serve" when args.Length == 3:
        return await IngestServe.RunAsync(args[1..]);
    case "serve":
        return await ServeBench.RunAsync(args[1..]);
    case "pages":
        return await PagesBench.RunAsync(args[1..]);
    case "groom":
        return await GroomBench.RunAsync(args[1..]);
    case "increment":
        return await IncrementBench.RunAsync(args[1..]);
    case "index":
        return await IndexBench.RunAsync(args[1..]);
    case "agent-start":
        return AgentStartBench.Run(args[1..]);
    case "heads":
        return await HeadsBench.RunAsync(args[1..]);
    case "hosts":
        return await HostsBench.RunAsync(args[1..]);
    case "sandbox-serve" when args.Length == 3:
        return await SandboxServe.RunAsync(args[1..]);
    default:
        Console.Error.WriteLine(
            "usage: bench blockstore-write | oplog-apply | head-apply | pitr-replay | pitr-memory [ENTRIES [MEMTABLE_MIB]] | initial-sync [MEGABYTES [ROUNDS [URI]]] | restore [MEGABYTES [ROUNDS]] | memory [MEGABYTES] | tail-lag [RATE [SECONDS]] | ingest-agents [AGENTS [SECONDS [BYTES]]] | serve [MEGABYTES [FINDS]] | pages [DEPLOYMENTS [ROUNDS]] | heads [HEADS [SECONDS]] | hosts [REPORTS [SECONDS]] | groom [MEGABYTES] | increment [MEGABYTES] | index [BLOCKS] | agent-start [PROGRAM] | sandbox-serve orders|large BYTES"
        );
        return 2;
}
