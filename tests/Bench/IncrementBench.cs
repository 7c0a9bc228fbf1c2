using System.Diagnostics;
using System.Globalization;

namespace Backup.Tests.Bench;

/// <summary>
/// One per cent of all documents is replaced at random: bytes that are new in the store beside what zstd alone makes of these documents; and beside a second
/// <c>restic backup</c> of a dump of all of them.
/// </summary>
internal static class IncrementBench
{
    private const double Share = 0.01;
    private const double WantedBytes = 1.5;
    private const double WantedOverRestic = 10;
    private const double WantedFaster = 8;

    /// <param name="arguments"><c>[MEGABYTES]</c>, 1000 unless given.</param>
    /// <returns>0 where what could be measured meets its goal.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 1000;
        var folder = Directory.CreateTempSubdirectory("backup-bench-").FullName;
        try
        {
            await using var documents = await ChangingDocuments.MakeAsync(
                Path.Combine(folder, "blocks"),
                megabytes * 1_000_000L
            );
            var restic = Restic.IsThere ? new Restic(Path.Combine(folder, "repository")) : null;
            var dump = Path.Combine(folder, "dump.bson");
            if (restic is not null)
            {
                documents.Dump(dump);
                await restic.RunAsync("init");
                await restic.RunAsync("backup", dump);
            }

            var before = documents.Store.Statistics.NewBytes;
            var watch = Stopwatch.StartNew();
            await documents.ChangeAsync(Share);
            var seconds = watch.Elapsed.TotalSeconds;
            var stored = documents.Store.Statistics.NewBytes - before;
            var (raw, changed, compressed) = documents.Bytes;
            var ratio = (double)stored / compressed;
            Print(
                $"increment      {raw / 1e6:N0} MB, {changed / 1e6:0.0} MB replaced ({compressed / 1e6:0.00} MB as zstd): {stored / 1e6:0.00} MB new in {seconds:0.00} s"
            );
            Print($"of zstd        {ratio:0.00} (wanted: {WantedBytes:0.0} or less)");
            return await BesideResticAsync(documents, restic, dump, stored, seconds) && ratio <= WantedBytes ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<bool> BesideResticAsync(
        ChangingDocuments documents,
        Restic? restic,
        string dump,
        long stored,
        double seconds
    )
    {
        if (restic is null)
        {
            Print($"restic         it is missing; no ratio");
            return true;
        }

        documents.Dump(dump);
        var before = restic.Bytes;
        var theirs = (await restic.RunAsync("backup", dump)).Seconds;
        var bytes = restic.Bytes - before;
        Print($"restic         {bytes / 1e6:0.00} MB new in {theirs:0.00} s, the dump not counted");
        Print($"less than that {(double)bytes / stored:0.0} times (wanted: {WantedOverRestic:0} or more)");
        Print($"faster         {theirs / seconds:0.0} times (wanted: {WantedFaster:0} or more)");
        return (double)bytes / stored >= WantedOverRestic && theirs / seconds >= WantedFaster;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
