using Backup.Cli.Api;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>A restore that is pushed over SSH, with its progress on standard error.</summary>
internal static class RestorePush
{
    internal static async Task<int> RunAsync(ApiClient api, RestoreRequest request, CancellationToken cancellation)
    {
        var to = request.Push!;
        var subject = await api.FindAsync(request.Subject, SubjectKind.Any, cancellation);
        if (subject.Kind == SubjectView.Cluster && !request.IsMerged)
        {
            throw CliErrors.ClusterPush(subject.Name);
        }

        if (subject.Kind != SubjectView.Cluster && request.IsMerged)
        {
            throw CliErrors.ReplicaSetForm(subject.Name, "--merged");
        }

        var slash = to.IndexOf('/');
        var push = new PushRequest(
            request.Subject,
            request.Snapshot,
            Of(ControlRoutes.OptimeParameter),
            Of(ControlRoutes.SecondParameter),
            request.Namespaces,
            slash < 0 ? to : to[..slash],
            slash < 0 ? "" : to[(slash + 1)..],
            request.IsFiles,
            request.Gzip,
            request.ChecksSpace,
            request.KeepsPart
        );
        PushView result;
        using (var progress = new PhaseBar(phase => TitleOf(phase, $"push {request.Subject}")))
        {
            result = await api.PushAsync(
                push,
                one => progress.Report(one.Phase, one.Bytes, one.ExpectedBytes),
                cancellation
            );
        }

        Report(request, result);
        return ExitCodes.Ok;

        string? Of(string parameter) =>
            request.Moment is { } moment && moment.Parameter == parameter ? moment.Value : null;
    }

    private static string TitleOf(string phase, string push) =>
        phase switch
        {
            "replay" => "replay oplog",
            "verify" => "verify",
            "wait" => $"{push} (cut, waiting)",
            _ => push,
        };

    private static void Report(RestoreRequest request, PushView result)
    {
        if (request.Json)
        {
            Printer.Json(result);
            return;
        }

        var files = result.Files.Count == 1 && !request.IsFiles ? "" : $"{result.Files.Count} files, ";
        Console.Out.WriteLine(
            $"Pushed {request.Subject} to {result.Target}: {result.Path}, {files}{result.Documents} documents, {Printer.Bytes(result.Bytes)}"
        );
        Console.Out.WriteLine(
            $"  up to and including optime {result.Optime.T},{result.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Optime.T):u})"
        );
        var read = result.Files.Count(static file => file.VerifiedBy == PushedFileView.ByReading);
        Console.Out.WriteLine(
            read == 0
                ? $"  verified there by sha256sum; the sums are in {result.Sums}"
                : $"  verified by reading {read} of {result.Files.Count} files back; the sums are in {result.Sums}"
        );
        foreach (var file in request.IsFiles ? [] : result.Files)
        {
            Console.Out.WriteLine($"  sha256 {file.Sha256}");
        }

        if (result.Files.Any(static file => !file.Synced))
        {
            Console.Out.WriteLine(
                "  the server cannot make files durable: a power cut there may lose what was just pushed"
            );
        }

        if (result.Files.All(static file => file.WasThere))
        {
            Console.Out.WriteLine("  it was there already, and is the same");
        }
        else if (result.Files.Sum(static file => file.Resumed) is > 0 and var resumed)
        {
            Console.Out.WriteLine($"  {Printer.Bytes(resumed)} of it had been sent before, and were not sent again");
        }

        LeftOutLines.Print(Console.Out, result.Excluded, result.Undecided);
    }
}
