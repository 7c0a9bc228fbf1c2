using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// A restore to data files: into a folder, which the appliance's mongod writes in its place, or as a tar, which the command writes.
/// </summary>
internal static class RestoreDataFiles
{
    private const string TarSuffix = ".tar";

    internal static async Task<int> RunAsync(
        ControlClient client,
        RestoreRequest request,
        CancellationToken cancellation
    )
    {
        var output = request.Output!;
        var isFile = output.EndsWith(TarSuffix, StringComparison.Ordinal);
        var shape = request.DataFiles!;
        var asked = new DataFilesRequest(
            request.Subject,
            request.Snapshot,
            Of(ControlRoutes.OptimeParameter),
            Of(ControlRoutes.SecondParameter),
            request.Namespaces,
            request.Renames,
            request.Users,
            request.ToStandardOutput || isFile ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)),
            shape.Seed,
            shape.OplogMegabytes,
            shape.DirectoryPerDatabase
        );
        DataFilesView result;
        using (var progress = new PhaseBar(phase => TitleOf(phase, $"restore {request.Subject}")))
        {
            result = await WriteAsync(
                request,
                isFile,
                tar =>
                    client.DataFilesAsync(
                        asked,
                        tar,
                        one => progress.Report(one.Phase, one.Bytes, one.ExpectedBytes),
                        cancellation
                    )
            );
        }

        Report(request, result);
        return ExitCodes.Ok;

        string? Of(string parameter) =>
            request.Moment is { } moment && moment.Parameter == parameter ? moment.Value : null;
    }

    private static async Task<DataFilesView> WriteAsync(
        RestoreRequest request,
        bool isFile,
        Func<Stream, Task<DataFilesView>> restore
    )
    {
        if (request.ToStandardOutput)
        {
            await using var standard = Console.OpenStandardOutput();
            return await restore(standard);
        }

        if (!isFile)
        {
            return await restore(Stream.Null);
        }

        try
        {
            return await RestoreOutput.ToFileAsync(request.Output!, restore);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Output(request.Output!, failure);
        }
    }

    private static string TitleOf(string phase, string restore) =>
        phase switch
        {
            "replay" => "replay oplog",
            "deliver" => "write tar",
            // Collection after collection: the bar would begin anew with each of them.
            "create" or "load" or "check" or "index" => restore,
            "wait" => "wait for another restore to data files",
            "start" => "start mongod",
            "stop" => "shut mongod down",
            _ => phase,
        };

    private static void Report(RestoreRequest request, DataFilesView result)
    {
        var to = request.ToStandardOutput ? Console.Error : Console.Out;
        if (request.Json)
        {
            to.WriteLine(System.Text.Json.JsonSerializer.Serialize(result, ControlJson.Options));
            return;
        }

        to.WriteLine(
            $"Restored {request.Subject} as data files of MongoDB {result.MongoVersion} (feature compatibility {result.FeatureCompatibilityVersion}): {result.Collections} collections and views, {result.Documents} documents, counted and compared byte by byte"
        );
        to.WriteLine(
            $"  up to and including optime {result.Optime.T},{result.Optime.I} ({DateTimeOffset.FromUnixTimeSeconds(result.Optime.T):u})"
        );
        to.WriteLine(
            result is { Bytes: { } bytes, Sha256: { } sha256 }
                ? $"  a tar of {Printer.Bytes(bytes)}, sha256 {sha256}"
                : $"  {Printer.Bytes(result.FileBytes)} of files"
        );
        if (result.Users is { } users)
        {
            to.WriteLine($"  with {users} users and roles");
        }

        if (result.Seed is { } seed)
        {
            to.WriteLine($"  for each member of {seed}");
        }

        LeftOutLines.Print(to, result.Excluded, result.Undecided);

        foreach (var notice in result.Notices ?? [])
        {
            to.WriteLine($"  {notice}");
        }

        to.WriteLine(
            result.Folder is { } folder
                ? $"Start a mongod on {Path.Combine(folder, "data")}: see {Path.Combine(folder, "RESTORED.txt")}"
                : "Unpack it and start a mongod on the folder data: see RESTORED.txt in it"
        );
    }
}
