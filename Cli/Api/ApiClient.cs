using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Cli.Control;
using Backup.Foundation.Errors;
using Backup.WebUI;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;

namespace Backup.Cli.Api;

/// <summary>
/// Asks the public API of an appliance; errors come back as they were thrown there. Things are looked for in every group that the caller may see; what is
/// made goes to the caller's home.
/// </summary>
/// <param name="http">By which way it goes; stays the caller's.</param>
internal sealed partial class ApiClient(HttpClient http)
{
    // Of one part of a list.
    private const int MostItems = 200;
    private const string ProblemMediaType = "application/problem+json";

    private CallerView? _caller;

    /// <summary>Who we are there.</summary>
    internal async Task<CallerView> CallerAsync(CancellationToken cancellation) =>
        _caller ??= await GetAsync<CallerView>("/caller", cancellation);

    /// <summary>What a name stands for, in any group.</summary>
    /// <exception cref="BackupException">9506, 9522 nothing is called so, 9507 several are.</exception>
    internal Task<FoundSubjectView> FindAsync(string name, SubjectKind kind, CancellationToken cancellation) =>
        GetAsync<FoundSubjectView>(
            $"/subjects?name={Uri.EscapeDataString(name)}&kind={JsonNamingPolicy.CamelCase.ConvertName(kind.ToString())}",
            cancellation
        );

    internal Task<StatusView> StatusAsync(CancellationToken cancellation) =>
        GetAsync<StatusView>("/status", cancellation);

    internal Task<ApplianceView> ApplianceAsync(CancellationToken cancellation) =>
        GetAsync<ApplianceView>("/appliance", cancellation);

    /// <summary>The group that is meant where none is named.</summary>
    private async Task<string> HomeAsync(CancellationToken cancellation)
    {
        var caller = await CallerAsync(cancellation);
        return $"/groups/{caller.Home ?? throw CliErrors.NoHomeGroup(caller.Name)}";
    }

    private async Task<string> PathOfAsync(string name, SubjectKind kind, CancellationToken cancellation) =>
        PathOf(await FindAsync(name, kind, cancellation));

    private static string PathOf(FoundSubjectView found) => $"/groups/{found.Group}/deployments/{found.Id}";

    /// <summary>A list of each group, whole.</summary>
    private async Task<List<T>> OfGroupsAsync<T>(string rest, CancellationToken cancellation)
    {
        var all = new List<T>();
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            all.AddRange(await ListAsync<T>($"/groups/{group.Id}/{rest}", cancellation));
        }

        return all;
    }

    /// <summary>The path of the one with that id, in whatever group it is; null where none has it.</summary>
    private async Task<string?> InGroupsAsync<T>(
        string rest,
        Func<T, bool> isIt,
        Func<T, string> idOf,
        CancellationToken cancellation
    )
    {
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            var path = $"/groups/{group.Id}/{rest}";
            foreach (var one in (await ListAsync<T>(path, cancellation)).Where(isIt))
            {
                return $"{path}/{Uri.EscapeDataString(idOf(one))}";
            }
        }

        return null;
    }

    private async Task<List<T>> ListAsync<T>(string path, CancellationToken cancellation, int most = int.MaxValue)
    {
        var all = new List<T>();
        var mark = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        for (string? after = ""; after is not null && all.Count < most; )
        {
            var limit = Math.Min(MostItems, most - all.Count).ToString(CultureInfo.InvariantCulture);
            var rest = after.Length > 0 ? $"&after={Uri.EscapeDataString(after)}" : "";
            var page = await GetAsync<PageOf<T>>($"{path}{mark}limit={limit}{rest}", cancellation);
            all.AddRange(page.Items);
            after = page.Next;
        }

        return all;
    }

    private Task<T> GetAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Get, path, body: null, cancellation);

    private Task<T> PostAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Post, path, body: null, cancellation);

    private Task<T> PostAsync<TBody, T>(string path, TBody body, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Post, path, JsonContent.Create(body, options: ControlJson.Wire), cancellation);

    private Task<T> PatchAsync<TBody, T>(string path, TBody body, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Patch, path, JsonContent.Create(body, options: ControlJson.Wire), cancellation);

    private Task<TAnswer> PutAsync<TBody, TAnswer>(string path, TBody body, CancellationToken cancellation) =>
        SendAsync<TAnswer>(HttpMethod.Put, path, JsonContent.Create(body, options: ControlJson.Wire), cancellation);

    private Task<T> DeleteAsync<T>(string path, CancellationToken cancellation) =>
        SendAsync<T>(HttpMethod.Delete, path, body: null, cancellation);

    /// <summary>Where nothing is answered but that it is done.</summary>
    private async Task SendAsync<TBody>(HttpMethod method, string path, TBody? body, CancellationToken cancellation)
        where TBody : class
    {
        using var request = new HttpRequestMessage(method, PublicApi.Root + path)
        {
            Content = body is null ? null : JsonContent.Create(body, options: ControlJson.Wire),
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };
        using var response = await http.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw await ErrorAsync(response, cancellation);
        }
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? body,
        CancellationToken cancellation
    )
    {
        using var request = Request(method, path, body);
        using var response = await http.SendAsync(request, cancellation);
        try
        {
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadFromJsonAsync<T>(ControlJson.Wire, cancellation))!
                : throw await ErrorAsync(response, cancellation);
        }
        catch (JsonException)
        {
            throw CliErrors.NoApi((int)response.StatusCode);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? body) =>
        new(method, PublicApi.Root + path)
        {
            Content = body,
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };

    /// <summary>The number, the words and the way out are those of the appliance.</summary>
    private static async Task<BackupException> ErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != ProblemMediaType)
        {
            return CliErrors.NoApi((int)response.StatusCode);
        }

        var problem = (await response.Content.ReadFromJsonAsync<Problem>(ControlJson.Wire, cancellation))!;
        return CliErrors.Job(problem.Code, problem.Detail, problem.Hint, problem.Field);
    }
}
