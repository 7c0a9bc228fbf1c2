using System.Globalization;
using System.Text.Json;
using Backup.Cli.Control;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Restores that the appliance carries out by itself: pushes over SSH, and straight into MongoDB.</content>
internal sealed partial class ApiClient
{
    /// <param name="request">What and where to; the subject as users name it.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Hangs up, which stops it.</param>
    internal async Task<PushView> PushAsync(
        PushRequest request,
        Action<RestoreTaskView> progress,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(request.Subject, SubjectKind.Any, cancellation);
        var plan = new PushPlan
        {
            Deployment = found.Id,
            Snapshot = request.Snapshot,
            Optime = request.Optime,
            Time = TimeOf(request.Before),
            Namespaces = request.Namespaces,
            Target = request.Target,
            Subfolder = request.Subfolder,
            Files = request.IsFiles,
            Gzip = request.Gzip,
            ChecksSpace = request.ChecksSpace,
            KeepsPart = request.KeepsPart,
        };
        return (await RestoreAsync(found, new RestorePlans { Push = plan }, progress, cancellation)).Push!;
    }

    /// <param name="request">What and where to; the subject as users name it.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Hangs up, which stops it.</param>
    internal async Task<TargetView> RestoreIntoAsync(
        TargetRequest request,
        Action<RestoreTaskView> progress,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(request.Subject, SubjectKind.Any, cancellation);
        var plan = new IntoPlan
        {
            Deployment = found.Id,
            Snapshot = request.Snapshot,
            Optime = request.Optime,
            Time = TimeOf(request.Before),
            Namespaces = request.Namespaces,
            Uri = request.Uri,
            Drop = request.Drop,
            Parallelism = request.Parallelism,
            Resume = request.Resume,
            Renames = request.Renames ?? [],
            Users = request.Users,
            Counted = request.IsCounted,
            DryRun = request.IsDryRun,
        };
        return (await RestoreAsync(found, new RestorePlans { Into = plan }, progress, cancellation)).Into!;
    }

    internal Task<List<ServedView>> ServedAsync(CancellationToken cancellation) =>
        OfGroupsAsync<ServedView>("served", cancellation);

    /// <param name="request">What and how; the subject as users name it.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<ServedView> ServeAsync(ServeRequestView request, CancellationToken cancellation)
    {
        var found = await FindAsync(request.Subject, SubjectKind.Any, cancellation);
        var plan = new ServePlan
        {
            Deployment = found.Id,
            Snapshot = request.Snapshot,
            Optime = request.Optime,
            Time = TimeOf(request.Before),
            Namespaces = request.Namespaces,
            Address = request.Address,
            Port = request.Port,
            Seconds = request.Seconds,
            User = request.User,
            Password = request.Password,
            Tls = request.Tls,
        };
        return await PostAsync<ServePlan, ServedView>($"/groups/{found.Group}/served", plan, cancellation);
    }

    internal async Task<ServedView> StopServedAsync(string id, CancellationToken cancellation) =>
        await DeleteAsync<ServedView>(
            await InGroupsAsync<ServedView>("served", one => one.Id == id, static one => one.Id, cancellation)
                ?? throw Daemon.DaemonErrors.NotServed(id),
            cancellation
        );

    private static DateTimeOffset? TimeOf(string? second) =>
        second is null ? null : DateTimeOffset.FromUnixTimeSeconds(long.Parse(second, CultureInfo.InvariantCulture));

    /// <summary>Begins it, and stays on the line until it has ended.</summary>
    private async Task<RestoreTaskView> RestoreAsync(
        FoundSubjectView found,
        RestorePlans plans,
        Action<RestoreTaskView> progress,
        CancellationToken cancellation
    )
    {
        var path = $"/groups/{found.Group}/restores";
        var begun = await PostAsync<RestorePlans, RestoreTaskView>(path, plans, cancellation);
        await foreach (var line in LinesAsync($"{path}/{begun.Id}/attend", body: null, "the restore", cancellation))
        {
            var task = JsonSerializer.Deserialize<RestoreTaskView>(line, ControlJson.Wire)!;
            progress(task);
            if (task.State == "running")
            {
                continue;
            }

            return task.State == "succeeded" ? task
                : task.Error is { } error ? throw CliErrors.Job(error.Code, error.Message, error.Hint, error.Field)
                : throw CliErrors.Job("", "The restore was cancelled.", "Start it again if it was not meant.");
        }

        throw CliErrors.Damaged("the appliance ended before the restore did");
    }

    /// <summary>The lines of JSON that long work is answered with, as they come. To hang up stops the work.</summary>
    private async IAsyncEnumerable<string> LinesAsync(
        string path,
        HttpContent? body,
        string what,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using var request = Request(HttpMethod.Post, path, body);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }

        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await NextAsync() is { } line)
        {
            yield return line;
        }

        async Task<string?> NextAsync()
        {
            try
            {
                return await lines.ReadLineAsync(cancellation);
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                throw CliErrors.Damaged($"the appliance ended before {what} did ({cut.Message})");
            }
        }
    }
}
