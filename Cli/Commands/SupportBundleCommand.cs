using System.CommandLine;
using System.Globalization;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup support-bundle</c>: an archive for whoever is asked for help.</summary>
internal static class SupportBundleCommand
{
    internal static Command Create()
    {
        var output = new Option<string?>("--output")
        {
            Description = "The file to write (else backup-support-TIME.zip in this folder)",
            HelpName = "FILE",
        };
        return SharedOptions.Command(
            "support-bundle",
            "Write a ZIP archive for whoever helps: versions, configuration, state, tasks, alerts, metrics and the end of the log, without secrets",
            [output],
            (parsed, choice, json, cancellation) =>
                RunAsync(choice, parsed.GetValue(output) ?? NameNow(), json, cancellation)
        );
    }

    private static string NameNow() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"backup-support-{TimeProvider.System.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.zip"
        );

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string path,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        long bytes;
        try
        {
            bytes = await RestoreOutput.ToFileAsync(
                path,
                stream => appliance.Api.SupportBundleAsync(stream, cancellation)
            );
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliErrors.Output(path, failure);
        }

        if (json)
        {
            Printer.Json(new SupportBundleView(Path.GetFullPath(path), bytes));
        }
        else
        {
            Console.Out.WriteLine(
                $"{path}: {Printer.Bytes(bytes)}. Secrets are taken out; look through it before you hand it on."
            );
        }

        return ExitCodes.Ok;
    }
}

/// <param name="Path">Of the archive.</param>
/// <param name="Bytes">Of it.</param>
internal sealed record SupportBundleView(string Path, long Bytes);
