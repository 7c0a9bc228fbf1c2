using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;
using Backup.Foundation.Files;

namespace Backup.Cli.Commands;

/// <summary>A restore of a cluster set by set into a folder, which appears under its name only when it is whole.</summary>
internal static class RestoreCluster
{
    internal static async Task<int> RunAsync(
        ControlClient client,
        RestoreRequest request,
        CancellationToken cancellation
    )
    {
        if (request.ToStandardOutput || request.Format != RestoreFormat.Archive || request.Gzip)
        {
            var form =
                request.ToStandardOutput ? "one stream"
                : request.Renames.Count > 0 ? "renamed files"
                : request.Gzip ? "gzip"
                : RestoreFormats.Name(request.Format);
            throw CliErrors.ClusterForm(request.Subject, form);
        }

        var output = Path.GetFullPath(request.Output!);
        var id = Guid.NewGuid().ToString("N");
        ClusterFilesView result;
        using (var progress = new RestoreProgress($"restore {request.Subject}", 0, client, id))
        {
            result = await IntoFolderAsync(
                output,
                create =>
                    client.ClusterFilesAsync(
                        request.Subject,
                        request.ClusterPoint,
                        request.IsRaw,
                        request.Namespaces,
                        id,
                        create,
                        progress.Report,
                        cancellation
                    )
            );
        }

        Report(request, output, result);
        return ExitCodes.Ok;
    }

    private static async Task<ClusterFilesView> IntoFolderAsync(
        string output,
        Func<Func<string, Stream>, Task<ClusterFilesView>> receive
    )
    {
        var temporary = output + DurableFile.TemporarySuffix;
        try
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            Directory.CreateDirectory(temporary);
            try
            {
                var result = await receive(name => RestoreOutput.CreateFile(Path.Combine(temporary, NameOnly(name))));
                Directory.Move(temporary, output);
                return result;
            }
            catch
            {
                Directory.Delete(temporary, recursive: true);
                throw;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Output(output, failure);
        }
    }

    private static string NameOnly(string name) =>
        Path.GetFileName(name) == name && name is not ("" or "." or "..")
            ? name
            : throw CliErrors.Damaged($"a file that is called '{name}'");

    private static void Report(RestoreRequest request, string output, ClusterFilesView result)
    {
        if (request.Json)
        {
            Printer.Json(result);
            return;
        }

        Console.Out.WriteLine(
            $"Restored the cluster {request.Subject} up to and including optime {result.Time.T},{result.Time.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Time.T):u})"
        );
        foreach (var set in result.Sets)
        {
            Console.Out.WriteLine(
                $"  {set.Archive}  {set.Documents} documents, {Printer.Bytes(set.Bytes)}, sha256 {set.Sha256}"
            );
            foreach (var open in set.Undecided)
            {
                Console.Out.WriteLine(
                    $"    without the transaction prepared at optime {open}: whether it was committed by then is not known"
                );
            }
        }

        foreach (var one in result.LeftOut)
        {
            Console.Out.WriteLine($"  without {one.Namespace} of {one.Set}: {one.Reason}");
        }

        Console.Out.WriteLine(
            request.IsRaw
                ? "  with what migrations had left behind on the shards (--raw)"
                : "  what migrations had left behind on the shards is filtered out: each document is in one archive"
        );
        Console.Out.WriteLine($"Load it into a new, empty cluster: see {Path.Combine(output, "GUIDE.md")}");
    }
}
