using Backup.Cli.Api;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>A restore straight into MongoDB, with its progress on standard error.</summary>
internal static class RestoreInto
{
    internal static async Task<int> RunAsync(ApiClient api, RestoreRequest request, CancellationToken cancellation)
    {
        var target = new TargetRequest(
            request.Subject,
            request.Snapshot,
            Of(ControlRoutes.OptimeParameter),
            Of(ControlRoutes.SecondParameter),
            request.Namespaces,
            request.To!,
            request.Drop,
            request.Parallelism,
            request.Resume,
            request.Renames,
            request.Users,
            request.IsCounted,
            request.IsDryRun
        );
        TargetView result;
        using (var progress = new LoadProgress($"restore {request.Subject}"))
        {
            result = await api.RestoreIntoAsync(
                target,
                one => progress.Report(one.Phase, one.Bytes, one.ExpectedBytes),
                cancellation
            );
        }

        Report(request, result);
        return IsRefused(request, result.DryRun) ? ExitCodes.Failed : ExitCodes.Ok;

        string? Of(string parameter) =>
            request.Moment is { } moment && moment.Parameter == parameter ? moment.Value : null;
    }

    /// <summary>So that a script learns from the exit code of a dry run whether the restore would begin.</summary>
    private static bool IsRefused(RestoreRequest request, TargetReportView? report) =>
        report is not null
        && (report.Obstacles.Count > 0 || (report.Conflicts.Count > 0 && !request.Drop && !request.Resume));

    private static void Report(RestoreRequest request, TargetView result)
    {
        if (request.Json)
        {
            Printer.Json(result);
            return;
        }

        if (result.DryRun is { } report)
        {
            ReportDryRun(request, report);
            return;
        }

        var agree = result.Checked == "hash" ? "counted and compared byte by byte" : "the counts agree";
        var there = result.AlreadyThere is { } old ? $" ({old} of them by an earlier run)" : "";
        Console.Out.WriteLine(
            $"Restored {request.Subject}: {result.Collections} collections and views, {result.Documents} documents{there}, {Printer.Bytes(result.Bytes)}; {agree}"
        );
        Console.Out.WriteLine(
            $"  up to and including optime {result.Optime.T},{result.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Optime.T):u})"
        );
        LeftOutLines.Print(Console.Out, result.Excluded, result.Undecided);

        if (result.Users is { } users)
        {
            Console.Out.WriteLine($"  {users} users and roles merged into the target's");
        }

        foreach (var notice in result.Notices ?? [])
        {
            Console.Out.WriteLine($"  {notice}");
        }
    }

    private static void ReportDryRun(RestoreRequest request, TargetReportView report)
    {
        var kind = report.IsCluster ? "sharded cluster" : "replica set";
        var fcv = report.FeatureCompatibilityVersion is { } known ? $", feature compatibility {known}" : "";
        Console.Out.WriteLine($"Dry run of a restore of {request.Subject}: nothing was written");
        Console.Out.WriteLine($"  target: MongoDB {report.Version}{fcv}, a {kind}");
        Console.Out.WriteLine(
            $"  {report.Collections} collections and views, about {Printer.Bytes(report.ExpectedBytes)} of documents"
        );
        if (report.FreeBytes is { } free)
        {
            Console.Out.WriteLine($"  free on the target's disk: {Printer.Bytes(free)}");
        }

        Console.Out.WriteLine(
            $"  takes about {TimeSpan.FromSeconds(report.LeastSeconds):g} to {TimeSpan.FromSeconds(report.MostSeconds):g}, and the building of indexes"
        );
        foreach (var conflict in report.Conflicts)
        {
            Console.Out.WriteLine(
                $"  in the way: {conflict} ({(request.Drop ? "--drop removes it" : "refused without --drop, --resume or --rename")})"
            );
        }

        foreach (var obstacle in report.Obstacles)
        {
            Console.Out.WriteLine($"  cannot be: {obstacle}");
        }

        foreach (var warning in report.Warnings)
        {
            Console.Out.WriteLine($"  note: {warning}");
        }
    }
}

/// <summary>First the oplog that is replayed, then what the target has taken, as bars on standard error; silent where it is no terminal.</summary>
internal sealed class LoadProgress(string title) : IDisposable
{
    private ByteProgress? _bar;
    private bool _isReplay;

    internal void Report(string phase, long bytes, long expectedBytes)
    {
        var isReplay = phase == "replay";
        if (_bar is null || isReplay != _isReplay)
        {
            _bar?.Dispose();
            _bar = new ByteProgress(isReplay ? "replay oplog" : title, expectedBytes);
            _isReplay = isReplay;
        }

        _bar.Report(bytes);
    }

    public void Dispose() => _bar?.Dispose();
}
