using System.Globalization;
using System.Text.Json;
using Backup.Cli.Commands;
using Backup.Cli.Control;
using Backup.WebUI.Contracts;
using Spectre.Console;

namespace Backup.Cli.Output;

/// <summary>How values look on a terminal.</summary>
internal static class Printer
{
    internal static void Json<T>(T value) =>
        Console.Out.WriteLine(JsonSerializer.Serialize(value, ControlJson.Options));

    internal static void Error(string where, ErrorView? error)
    {
        if (error is not null)
        {
            Console.Out.WriteLine($"{where}: {error.Code} {error.Message}");
            Console.Out.WriteLine($"  {error.Hint}");
        }
    }

    /// <summary>As wide as the terminal; as wide as its content where output is no terminal, so that a line stays a line.</summary>
    internal static void Table(Table table)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 400;
        }

        AnsiConsole.Write(table);
    }

    internal static string SyncProgress(SyncView sync)
    {
        var share = sync.ExpectedBytes == 0 ? 0 : Math.Min(1, (double)sync.Bytes / sync.ExpectedBytes);
        var rate = sync.BytesPerSecond > 0 ? $", {Bytes((long)sync.BytesPerSecond)}/s" : "";
        var left =
            sync.SecondsLeft is { } seconds && seconds >= 1
                ? $", about {DurationText.Of(TimeSpan.FromSeconds(Math.Round(seconds)))} left"
                : "";
        return $"{share:P0} ({Bytes(sync.Bytes)} of about {Bytes(sync.ExpectedBytes)}, {sync.CollectionsDone}/{sync.Collections} collections{rate}{left})";
    }

    internal static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return unit == 0 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {units[unit]}");
    }

    internal static void Snapshot(SnapshotView snapshot)
    {
        Console.Out.WriteLine($"snapshot {snapshot.Id} of {snapshot.ReplicaSet}");
        Console.Out.WriteLine(
            $"  up to and including optime {snapshot.Optime.T},{snapshot.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(snapshot.Optime.T):u})"
        );
        Console.Out.WriteLine(
            $"  {snapshot.Documents} documents, {Bytes(snapshot.RawBytes)}; {Bytes(snapshot.NewBytes)} new, stored as {Bytes(snapshot.StoredBytes)}; took {snapshot.DurationSeconds:0.0} s"
        );
    }
}
