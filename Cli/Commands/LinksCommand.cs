using System.CommandLine;
using Backup.Cli.Api;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Restores;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup links create|list|show|revoke</c>: a snapshot, or any moment, for whoever has a link and curl.</summary>
internal static class LinksCommand
{
    internal static Command Create() =>
        new("links", "Download links: a snapshot or any moment over HTTPS, for whoever has the link")
        {
            Make(),
            List(),
            SharedOptions.Command(
                "show",
                "Show a link: its state, its uses, size and sum of what it leads to",
                Id(),
                (choice, id, json, cancellation) =>
                    PrintAsync(choice, json, client => client.LinkAsync(id, cancellation), cancellation)
            ),
            SharedOptions.Command(
                "revoke",
                "End a link at once, with the downloads that are under way",
                Id(),
                (choice, id, json, cancellation) =>
                    PrintAsync(choice, json, client => client.RevokeLinkAsync(id, cancellation), cancellation)
            ),
        };

    private static Argument<string> Id() => new("LINK") { Description = "Its id, as 'backup links list' shows it" };

    private static Command Make()
    {
        var which = new MomentOptions();
        var format = new Option<string>("--format")
        {
            Description = "archive (mongorestore --archive), directory (a tar of mongorestore --dir) or ndjson",
            DefaultValueFactory = _ => RestoreFormats.Names[0],
            HelpName = "archive|directory|ndjson",
        };
        format.AcceptOnlyFromAmong([.. RestoreFormats.Names]);
        var gzip = new Option<bool>("--gzip")
        {
            Description = "Compressed: an archive or lines as a whole, of a directory each file (mongorestore --gzip)",
        };
        var namespaces = new Option<string[]>("--namespace")
        {
            Description = "Only these: db, db.coll or db.prefix*; may be given several times",
            HelpName = "NAMESPACE",
        };
        var expires = new Option<string>("--expires")
        {
            Description = "How long it is good: a minute to 30 days, for example 30m, 6h, 2d",
            DefaultValueFactory = _ => "1h",
            HelpName = "TIME",
        };
        var uses = new Option<int>("--uses")
        {
            Description = "How many downloads it is good for, 1 to 1000; going on with one that was cut is none",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
        };
        var quiet = new Option<bool>("--no-checksum")
        {
            Description = "Do not read everything once now to know size and sum beforehand",
        };
        var command = SharedOptions.Command(
            "create",
            "Make a link to a snapshot, or to any moment between snapshots",
            new Argument<string>("RS|CLUSTER")
            {
                Description = "A replica set (its name, its id, DEPLOYMENT/NAME, CLUSTER/SHARD) or a sharded cluster",
            },
            [format, gzip, namespaces, expires, uses, quiet],
            async (parsed, choice, subject, json, cancellation) =>
            {
                var moment = which.MomentOf(parsed);
                var request = new LinkRequest(
                    subject,
                    which.SnapshotOf(parsed),
                    moment?.Parameter == ControlRoutes.OptimeParameter ? moment.Value.Value : null,
                    moment?.Parameter == ControlRoutes.SecondParameter ? moment.Value.Value : null,
                    parsed.GetValue(namespaces) ?? [],
                    parsed.GetRequiredValue(format),
                    parsed.GetValue(gzip),
                    DurationText.Parse("--expires", parsed.GetRequiredValue(expires)).TotalSeconds,
                    parsed.GetValue(uses),
                    !parsed.GetValue(quiet)
                );
                await using var appliance = await ApplianceConnection.OpenAsync(
                    choice,
                    needsRunning: true,
                    cancellation
                );
                Print(await appliance.Api.CreateLinkAsync(request, cancellation), json);
                return ExitCodes.Ok;
            }
        );
        which.AddTo(command);
        return command;
    }

    private static Command List()
    {
        var all = new Option<bool>("--all") { Description = "Those that are over, too" };
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var command = new Command("list", "List the links that are good now") { all, json };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    async token =>
                    {
                        await using var appliance = await ApplianceConnection.OpenAsync(
                            choice.Of(parsed),
                            needsRunning: false,
                            token
                        );
                        var links = await appliance.Api.LinksAsync(token);
                        links.RemoveAll(one => one.State != "open" && !parsed.GetValue(all));
                        if (parsed.GetValue(json))
                        {
                            Printer.Json(links);
                        }
                        else
                        {
                            links.ForEach(Print);
                        }

                        return ExitCodes.Ok;
                    },
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> PrintAsync(
        ApplianceChoice choice,
        bool json,
        Func<ApiClient, Task<LinkView>> ask,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var link = await ask(appliance.Api);
        if (json)
        {
            Printer.Json(link);
        }
        else
        {
            Print(link);
        }

        return ExitCodes.Ok;
    }

    private static void Print(CreatedLinkView made, bool json)
    {
        if (json)
        {
            Printer.Json(made);
            return;
        }

        var link = made.Link;
        Console.Out.WriteLine(
            $"link {link.Id}: {What(link)}, good for {link.Uses} download(s) until {link.ExpiresAt:u}"
        );
        Console.Out.WriteLine("Whoever has it can download it; it is shown now and never again:");
        Console.Out.WriteLine($"  {made.Url}");
        Console.Out.WriteLine("Download it; the same line goes on where it was cut:");
        Console.Out.WriteLine($"  {made.Curl}");
        Console.Out.WriteLine("Check what came:");
        Console.Out.WriteLine($"  {made.Verify}");
    }

    private static void Print(LinkView link)
    {
        var size = link.Bytes is { } bytes ? $"  {Printer.Bytes(bytes)}, sha256 {link.Sha256}" : "";
        Console.Out.WriteLine(
            $"{link.Id}  {link.State}  {What(link)}  {link.Begun} of {link.Uses} begun, {link.Finished} done  until {link.ExpiresAt:u}{size}"
        );
        if (link.Trouble is { } trouble)
        {
            Console.Out.WriteLine($"  size and sum are not known: {trouble}");
        }
    }

    private static string What(LinkView link)
    {
        var moment = link.Snapshot is { } snapshot
            ? $"snapshot {snapshot}"
            : $"optime {link.Optime!.T},{link.Optime.I}";
        var of = link.Namespaces.Count == 0 ? "" : $" of {string.Join(", ", link.Namespaces)}";
        return $"{link.Subject} {moment}{of} as {link.FileName}";
    }
}
