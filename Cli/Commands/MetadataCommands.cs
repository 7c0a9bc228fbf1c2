using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Cli.Output;
using Backup.Foundation.Files;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup metadata</c>: the appliance's own metadata, out into a file and in again.</summary>
internal static class MetadataCommands
{
    private const int CopyLength = 1 << 20;

    internal static Command Create() =>
        new("metadata", "The appliance's own metadata: exports, export, import, finish-upgrade")
        {
            Exports(),
            Export(),
            Import(),
            FinishUpgrade(),
        };

    private static Command FinishUpgrade() =>
        SharedOptions.Command(
            "finish-upgrade",
            "Once every server and daemon of a shared catalogue runs this release: let it write what the release before would not understand, and keep that one out",
            static (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.FinishUpgradeAsync(cancellation),
                    Print,
                    cancellation
                )
        );

    private static void Print(FinishedUpgradeView view) =>
        Console.Out.WriteLine(
            view.WasWaiting
                ? $"The upgrade is finished: {view.SealedUris} URIs of deployments were sealed. The release before does not open this catalogue any more."
                : "Nothing waited: the upgrade was finished before."
        );

    private static Command Exports() =>
        SharedOptions.Command(
            "exports",
            "Show the exports that stand beside the blocks",
            static (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.MetadataExportsAsync(cancellation),
                    Print,
                    cancellation
                )
        );

    private static Command Export()
    {
        var (file, json, choice) = (
            new Argument<string?>("FILE")
            {
                Description = "Where to, on this host; left out: beside the blocks alone",
                Arity = ArgumentArity.ZeroOrOne,
            },
            SharedOptions.Json(),
            new ChoiceOptions()
        );
        var command = new Command(
            "export",
            "Write all metadata into a file, as of one moment, while all goes on: for its owner alone, since hashes and sealed secrets are in it"
        )
        {
            file,
            json,
        };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => ExportAsync(choice.Of(parsed), parsed.GetValue(file), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> ExportAsync(
        ApplianceChoice choice,
        string? file,
        bool json,
        CancellationToken cancellation
    )
    {
        if (file is not null && File.Exists(file))
        {
            throw CliErrors.FileIsThere(file);
        }

        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        if (file is not null)
        {
            // Only the appliance of this host writes into files of this host.
            _ = appliance.Client;
        }

        var export = await appliance.Api.ExportMetadataAsync(cancellation);
        var folder = (await appliance.Api.MetadataExportsAsync(cancellation)).Folder;
        var path = Path.Combine(folder, export.Name);
        if (file is not null)
        {
            await CopyAsync(path, file, cancellation);
        }

        if (json)
        {
            Printer.Json(
                new
                {
                    File = Path.GetFullPath(file ?? path),
                    export.MadeAt,
                    export.Bytes,
                }
            );
        }
        else
        {
            Console.Out.WriteLine(
                $"Exported into {file ?? path}: {Printer.Bytes(export.Bytes)}, as of {export.MadeAt:u}. Keep it as a secret."
            );
        }

        return ExitCodes.Ok;
    }

    private static async Task CopyAsync(string from, string to, CancellationToken cancellation)
    {
        await using var source = File.OpenRead(from);
        using var copy = DurableFile.Create(to, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var buffer = new byte[CopyLength];
        while (await source.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            copy.Append(buffer.AsSpan(0, read));
        }

        copy.Publish();
    }

    private static Command Import()
    {
        var file = new Argument<string>("FILE") { Description = "An export" };
        var (data, json) = (SharedOptions.Data(), SharedOptions.Json());
        var replace = new Option<bool>("--replace")
        {
            Description = "Also where there is a catalogue already; it is kept aside",
        };
        var configuration = ConfigCommand.File();
        var command = new Command(
            "import",
            "Make the metadata from an export, while no appliance runs, where the configuration has it: what goes on from then on is what was so at its moment"
        )
        {
            file,
            replace,
            json,
            data,
            configuration,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    async token =>
                    {
                        var report = await ImportAsync(
                            parsed.GetRequiredValue(file),
                            parsed.GetValue(data),
                            ApplianceConfiguration.Load(parsed.GetValue(configuration)),
                            parsed.GetValue(replace),
                            token
                        );
                        if (parsed.GetValue(json))
                        {
                            Printer.Json(report);
                        }
                        else
                        {
                            Print(report);
                        }

                        return ExitCodes.Ok;
                    },
                    cancellation
                )
        );
        return command;
    }

    private static async Task<ImportReport> ImportAsync(
        string export,
        string? data,
        ApplianceConfiguration configuration,
        bool replace,
        CancellationToken cancellation
    )
    {
        using var folder = await DataFolder.OpenAsync(DataFolder.Resolve(data, configuration), cancellation);
        return await MetadataImport.RunAsync(export, folder, configuration, replace, TimeProvider.System, cancellation);
    }

    private static void Print(MetadataExportsView view)
    {
        Console.Out.WriteLine(
            view.Keep > 0
                ? $"One a day, the last {view.Keep} are kept, in {view.Folder}:"
                : $"None is made by itself (metadata_exports is 0); in {view.Folder}:"
        );
        foreach (var one in view.Exports)
        {
            Console.Out.WriteLine($"  {one.Name}  {Printer.Bytes(one.Bytes)}  as of {one.MadeAt:u}");
        }

        if (view.Exports.Count == 0)
        {
            Console.Out.WriteLine("  none yet");
        }

        Printer.Error("The last one failed", view.Trouble);
    }

    private static void Print(ImportReport report)
    {
        var to = Console.Out;
        to.WriteLine($"{report.Rows} records as of {report.MadeAt:u} are in {report.Into} now.");
        if (report.Kept is { } kept)
        {
            to.WriteLine($"What was there before is kept as {kept}.");
        }

        foreach (var one in report.AbandonedSyncs)
        {
            to.WriteLine($"The copy of {one} begins anew: what was stored of it is gone.");
        }

        if (report.RemovedSlices > 0)
        {
            to.WriteLine($"{report.RemovedSlices} slices of oplog are gone since: points in time begin later.");
        }

        foreach (var one in report.UnopenedUris)
        {
            to.WriteLine(
                $"The URI of {one} is sealed under another key: put secrets/box.key of the appliance of before into the data folder, or give the URI anew with 'backup deployments set-uri {one} FILE'."
            );
        }

        foreach (var one in report.MissingRoots)
        {
            to.WriteLine($"Gone: the {one}.");
        }

        to.WriteLine(
            "Snapshots that were taken since are not in it. Everybody logs in again; links, invitations and enrolment tokens have ended; whoever was locked out since is not: see docs/operate.md."
        );
        to.WriteLine("Start the appliance, and run 'backup store check --read-data 0%'.");
    }
}
