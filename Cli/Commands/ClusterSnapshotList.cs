using Backup.Cli.Output;
using Backup.WebUI.Contracts;
using Spectre.Console;

namespace Backup.Cli.Commands;

/// <summary>How snapshots of sharded clusters are shown.</summary>
internal static class ClusterSnapshotList
{
    internal static void Print(string cluster, IReadOnlyList<ClusterSnapshotView> snapshots, bool json)
    {
        if (json)
        {
            Printer.Json(snapshots);
        }
        else if (snapshots.Count == 0)
        {
            Console.Out.WriteLine($"No cluster snapshot yet. Take one: backup snapshot {cluster} --wait");
        }
        else
        {
            Printer.Table(Table(snapshots));
            foreach (var failed in snapshots.Where(one => one.State == "failed"))
            {
                Printer.Error(failed.Id, failed.Error);
            }
        }
    }

    internal static void Print(ClusterSnapshotView snapshot, bool json)
    {
        if (json)
        {
            Printer.Json(snapshot);
            return;
        }

        Console.Out.WriteLine($"cluster snapshot {snapshot.Id} of {snapshot.Cluster}{ClusterStatus.Flag(snapshot)}");
        if (snapshot.Time is { } time)
        {
            Console.Out.WriteLine(
                $"  every set up to and including {time.T},{time.I} ({DateTimeOffset.FromUnixTimeSeconds(time.T):u})"
            );
        }

        foreach (var part in snapshot.Sets)
        {
            Console.Out.WriteLine(
                $"  {part.Set}: {part.Documents} documents, {Printer.Bytes(part.RawBytes)}; {Printer.Bytes(part.NewBytes)} new, stored as {Printer.Bytes(part.StoredBytes)}"
            );
        }
    }

    private static Table Table(IEnumerable<ClusterSnapshotView> snapshots)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns(
            "cluster snapshot",
            "up to (UTC)",
            "sets",
            "documents",
            "size",
            "new",
            "state",
            "kept until",
            "as"
        );
        foreach (var snapshot in snapshots)
        {
            table.AddRow(
                snapshot.Id,
                snapshot.Time is { } time ? DateTimeOffset.FromUnixTimeSeconds(time.T).ToString("u") : "",
                string.Join(", ", snapshot.Sets.Select(part => Markup.Escape(part.Set))),
                $"{snapshot.Documents}",
                Printer.Bytes(snapshot.RawBytes),
                Printer.Bytes(snapshot.NewBytes),
                State(snapshot),
                snapshot.Kept is { } kept ? KeepingText.Short(snapshot.ExpiresAt, kept)
                    : snapshot is { State: "complete", Kind: "checkpoint" } ? "for the window"
                    : "",
                snapshot.Kept is null ? "" : KeepingText.Why(snapshot.Kept)
            );
        }

        return table;
    }

    private static string State(ClusterSnapshotView snapshot)
    {
        var state = snapshot.Kind == "checkpoint" ? $"checkpoint, {snapshot.State}" : snapshot.State;
        return snapshot.BalancerRested == false ? $"{state}, balancer did not rest" : state;
    }
}
