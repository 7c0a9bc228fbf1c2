using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Foundation;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup get RS db.coll ID</c>: one document as it was. <c>backup history RS db.coll ID</c>: all that became of it.</summary>
internal static class DocumentCommands
{
    private static readonly Option<bool> Canonical = new("--canonical")
    {
        Description = "Canonical extended JSON, which keeps every type (else relaxed, which is easier to read)",
    };

    internal static Command Get()
    {
        var (choice, json, which) = (new ChoiceOptions(), SharedOptions.Json(), new MomentOptions());
        var (subject, ns, id) = (SharedOptions.ReplicaSet(), Namespace(), Id());
        var command = new Command("get", "Print one document as a snapshot, or any moment, has it")
        {
            subject,
            ns,
            id,
            json,
            Canonical,
        };
        choice.AddTo(command);
        which.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
            {
                var request = new DocumentRequest(
                    parsed.GetRequiredValue(subject),
                    parsed.GetRequiredValue(ns),
                    parsed.GetRequiredValue(id),
                    which.SnapshotOf(parsed),
                    which.MomentOf(parsed) is { } moment ? Of(moment) : null,
                    IsCanonical: parsed.GetValue(Canonical)
                );
                return CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => GetAsync(choice.Of(parsed), request, parsed.GetValue(json), token),
                    cancellation
                );
            }
        );
        return command;
    }

    internal static Command History()
    {
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var (subject, ns, id) = (SharedOptions.ReplicaSet(), Namespace(), Id());
        var since = Moment(
            "--since",
            "From this moment on (a time, or an optime T,I); the oldest there is unless given"
        );
        var until = Moment("--until", "Up to this moment (a time, or an optime T,I); the newest there is unless given");
        var command = new Command("history", "Print every version that a document had within the point-in-time window")
        {
            subject,
            ns,
            id,
            since,
            until,
            json,
            Canonical,
        };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        HistoryAsync(
                            choice.Of(parsed),
                            new DocumentRequest(
                                parsed.GetRequiredValue(subject),
                                parsed.GetRequiredValue(ns),
                                parsed.GetRequiredValue(id),
                                Since: MomentOf(parsed.GetValue(since)),
                                Until: MomentOf(parsed.GetValue(until)),
                                IsCanonical: parsed.GetValue(Canonical)
                            ),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> GetAsync(
        ApplianceChoice choice,
        DocumentRequest request,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        DocumentView found;
        using (var progress = new LoadProgress("replay oplog"))
        {
            found = await appliance.Api.DocumentAsync(
                request,
                at => progress.Report("replay", at.Bytes, at.ExpectedBytes),
                cancellation
            );
        }

        if (found.Document is not { } document)
        {
            throw CliErrors.NoDocument(request.Namespace, request.Id, Text(found));
        }

        Console.Out.WriteLine(json ? Line(found) : document);
        return ExitCodes.Ok;
    }

    private static async Task<int> HistoryAsync(
        ApplianceChoice choice,
        DocumentRequest request,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        // Versions are printed as they are found: a bar between them would be in their way. Of a document that was not there at first that is
        // told only when it comes.
        var absent = new List<DocumentView>();
        var isKnown = false;
        await foreach (var version in appliance.Api.HistoryAsync(request, static _ => { }, cancellation))
        {
            absent.Add(version);
            isKnown |= version.Document is not null;
            if (isKnown)
            {
                absent.ForEach(one => Console.Out.WriteLine(json ? Line(one) : Describe(one)));
                absent.Clear();
            }
        }

        return isKnown
            ? ExitCodes.Ok
            : throw CliErrors.NoDocument(request.Namespace, request.Id, "any moment that can be restored");
    }

    private static string Describe(DocumentView version)
    {
        var fields = version.Fields is { } changed ? $" ({string.Join(", ", changed)})" : "";
        var document =
            version.Document is { } text ? $"\n  {text}"
            : version.Change == "was" ? "\n  (not there)"
            : "";
        var shard = version switch
        {
            { Shard: null } => "",
            { Change: "moved" } => $" to {version.Shard}",
            _ => $" on {version.Shard}",
        };
        return $"{Text(version)}  {version.Change}{shard}{fields}{(version.Change == "moved" ? "" : document)}";
    }

    /// <summary>The document as JSON in JSON, not as text in it.</summary>
    private static string Line(DocumentView version)
    {
        using var document = version.Document is { } text ? JsonDocument.Parse(text) : null;
        return JsonSerializer.Serialize(
            new
            {
                optime = version.At,
                time = version.Time,
                change = version.Change,
                fields = version.Fields,
                shard = version.Shard,
                document = document?.RootElement,
            },
            ControlJson.Options
        );
    }

    private static string Text(DocumentView version) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{version.Time:yyyy-MM-ddTHH:mm:ssZ}  {version.At.T},{version.At.I}"
        );

    private static Argument<string> Namespace() =>
        new("NAMESPACE") { Description = "The collection as it was called then: db.collection" };

    private static Argument<string> Id() =>
        new("ID")
        {
            Description =
                "The document's _id: an ObjectId's digits, text, or extended JSON such as 17, '\"17\"' or '{\"$oid\": \"…\"}'",
        };

    private static Option<string?> Moment(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "TIME|T,I" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && MomentOf(text) is null)
            {
                result.AddError($"'{text}' is neither a time with a zone (2026-11-21T10:00:00Z) nor an optime T,I.");
            }
        });
        return option;
    }

    private static MomentRequest? MomentOf(string? text) =>
        text is null ? null
        : Optime.TryParse(text, out var optime) && !optime.IsZero ? new MomentRequest(text, null)
        : MomentOptions.TryReadTime(text, out var second)
            ? new MomentRequest(null, second.ToString(CultureInfo.InvariantCulture))
        : null;

    private static MomentRequest Of((string Parameter, string Value) moment) =>
        moment.Parameter == ControlRoutes.OptimeParameter
            ? new MomentRequest(moment.Value, null)
            : new MomentRequest(null, moment.Value);
}
