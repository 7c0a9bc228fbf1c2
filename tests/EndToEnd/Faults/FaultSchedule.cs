using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Backup.Foundation;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>
/// One random schedule of faults, repeatable from its seed: source, agent and appliance as processes of their own under a steady load. When the faults have
/// ended the backup comes back by itself, and a snapshot and two moments between snapshots are what the model says.
/// </summary>
internal sealed class FaultSchedule : IAsyncDisposable
{
    private const int DiskMegabytes = 200;

    /// <summary>Of so many schedules one has a real set, where there is one.</summary>
    private const int RealEvery = 6;

    private readonly Action<string> _log;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly int _faults;

    private FaultSchedule(
        Random random,
        FaultSource source,
        ApplianceProcess appliance,
        LedgerLoad load,
        int faults,
        Action<string> log
    )
    {
        Random = random;
        Source = source;
        Appliance = appliance;
        Load = load;
        _faults = faults;
        _log = log;
    }

    internal Random Random { get; }

    internal FaultSource Source { get; }

    internal ApplianceProcess Appliance { get; }

    internal LedgerLoad Load { get; }

    /// <summary>Null where processes talk over this machine's loopback.</summary>
    internal NetworkNamespace? Network { get; private init; }

    /// <summary>Null where the data folder is on a disk of enough room.</summary>
    internal SmallDisk? Disk { get; private init; }

    internal bool HasJumped { get; set; }

    /// <summary>Within that everything has to come about; the machine may be busy.</summary>
    internal TimeSpan Patience { get; } = TimeSpan.FromMinutes(3);

    /// <summary>Starts everything, without a fault so far.</summary>
    /// <param name="faults">How many are planned.</param>
    /// <param name="mayBeReal">Whether a real set may be the source.</param>
    internal static async Task<FaultSchedule> StartAsync(int seed, int faults, bool mayBeReal, Action<string> log)
    {
        var random = new Random(seed);
        var isReal = random.Next(RealEvery) == 0 && mayBeReal && RealMongo.Binary is not null;
        var network = random.Next(2) == 0 && !isReal ? NetworkNamespace.TryCreate() : null;
        var disk = random.Next(3) == 0 && Environment.IsPrivilegedProcess ? new SmallDisk(DiskMegabytes) : null;
        var source = isReal
            ? await FaultSource.RealAsync()
            : await FaultSource.SandboxAsync(network?.Outside ?? IPAddress.Loopback);
        log(
            $"seed {seed}: {(isReal ? "a real set" : "the sandbox")}{(network is null ? "" : ", a network")}{(disk is null ? "" : ", a small disk")}"
        );
        var load = await LedgerLoad.StartAsync(source.Set.Client, random.Next());
        var appliance = new ApplianceProcess(source.Set.ConnectionString, disk?.Folder("data"))
        {
            Network = network?.Name,
        };
        return new FaultSchedule(random, source, appliance, load, faults, log) { Network = network, Disk = disk };
    }

    internal async Task RunAsync()
    {
        Appliance.Up();
        var plan = Plan();
        if (Random.Next(3) == 0)
        {
            // In the initial sync.
            await FaultAsync(plan.Dequeue());
        }

        await Appliance.WaitForStateAsync("tailing", Patience);
        var first = ModelCheck.OptimeOf(await SnapshotAsync());
        while (plan.TryDequeue(out var fault))
        {
            await Load.WaitAsync(Random.Next(5, 30), Patience);
            await FaultAsync(fault);
        }

        await Load.WaitAsync(20, Patience);
        await Load.DisposeAsync();
        await ComeBackAsync();
        await CheckAsync(first);
    }

    /// <summary>Waits for something that has to come about.</summary>
    internal async Task WithinAsync(string what, Func<Task<bool>> condition)
    {
        for (var watch = Stopwatch.StartNew(); !await condition(); await Task.Delay(100))
        {
            Hit(watch.Elapsed < Patience, $"not within {Patience.TotalSeconds:0} s: {what}");
        }
    }

    /// <summary>Waits while something is cut, and makes sure that it is: the backup stays behind.</summary>
    internal async Task BehindAsync(TimeSpan atMost)
    {
        await Task.Delay(TimeSpan.FromSeconds(2) + Random.NextDouble() * (atMost - TimeSpan.FromSeconds(2)));
        var committed = await CommittedAsync();
        var seen = await Appliance.ReplicaSetAsync();
        Hit(seen is null || Applied(seen.Value) < committed, "the backup is not behind");
    }

    internal static void Hit(bool isHit, string otherwise)
    {
        if (!isHit)
        {
            throw new FaultNotHitException(otherwise);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Load.DisposeAsync();
        await Appliance.DisposeAsync();
        await Source.DisposeAsync();
        Disk?.Dispose();
        Network?.Dispose();
    }

    private Queue<FaultKind> Plan()
    {
        List<FaultKind> possible =
        [
            .. ProcessFaults
                .All.Concat(SourceFaults.All)
                .Concat(NetworkFaults.All)
                .Concat(AttackFaults.All)
                .Where(kind => kind.IsPossible(this)),
        ];
        return new(Enumerable.Range(0, _faults).Select(_ => possible[Random.Next(possible.Count)]));
    }

    private async Task FaultAsync(FaultKind fault)
    {
        _log($"{_watch.Elapsed.TotalSeconds:0.0} s: {fault.Name}");
        await fault.RunAsync(this);
    }

    private async Task<JsonElement> SnapshotAsync() =>
        (await Appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;

    /// <summary>All faults have ended: nobody has to do anything for the backup to be where the source is.</summary>
    private async Task ComeBackAsync()
    {
        var watch = Stopwatch.StartNew();
        var committed = await CommittedAsync();
        while (
            await Appliance.ReplicaSetAsync() is not { } seen
            || seen.GetProperty("state").GetString() != "tailing"
            || Applied(seen) < committed
        )
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"it does not come back:\n{Appliance.Output}");
            await Task.Delay(200);
        }

        _log(
            $"{_watch.Elapsed.TotalSeconds:0.0} s: back after {watch.Elapsed.TotalSeconds:0.0} s; {Load.Acknowledged} acknowledged, {Load.Failed} not"
        );
    }

    private async Task CheckAsync(Optime first)
    {
        if (Source.Sandbox is { } settled)
        {
            await WithinAsync(
                "every member has the same",
                () => Task.FromResult(settled.Nodes.All(node => node.LastOptime == settled.LastOptime))
            );
        }

        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(Appliance, Source.Commands);
        var last = ModelCheck.OptimeOf(snapshot);
        await RestoredAsync(ulong.MaxValue, last, "--snapshot", RestoreCheck.Id(snapshot));
        var entries = await Source.Commands.OplogAsync(Before(first));
        var moments = entries
            .Select(entry => Optime.FromTimestamp(entry.View["ts"u8].AsTimestamp))
            .Where(optime => optime >= first && optime <= last)
            .ToList();
        for (var n = 0; n < 2; n++)
        {
            var moment = moments[Random.Next(moments.Count)];
            await RestoredAsync(moment.Timestamp, moment, "--optime", $"{moment.T},{moment.I}");
        }
    }

    private async Task RestoredAsync(ulong until, Optime optime, params string[] which)
    {
        using var folder = new TemporaryFolder();
        var dump = folder.File("dump");
        string[] restore = ["restore", "rs0", .. which, "--format", "directory", "--output", dump];
        (await Appliance.RunAsync(restore)).Succeeded();
        Load.Check(dump, until);
        if (Source.Sandbox is { } sandbox)
        {
            ModelCheck.ShouldBe(dump, sandbox, optime);
        }
    }

    private static Optime Before(Optime optime) => Optime.FromTimestamp(optime.Timestamp - 1);

    private async Task<ulong> CommittedAsync()
    {
        var set = Source.Set;
        var status = await set.RunAsync(await set.PrimaryAsync(), "admin", """{"replSetGetStatus":1}""");
        return status.View["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument["ts"u8].AsTimestamp;
    }

    private static ulong Applied(JsonElement replicaSet) =>
        replicaSet.GetProperty("optime") is { ValueKind: JsonValueKind.Object } optime
            ? ((ulong)optime.GetProperty("t").GetUInt32() << 32) | optime.GetProperty("i").GetUInt32()
            : 0;
}
