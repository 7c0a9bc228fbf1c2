using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Server;

/// <summary>Reads what the server answers: JSON, or problem details that become the same numbered error here.</summary>
internal static class Answers
{
    private const int FirstNumber = 1000;
    private const int LastNumber = 9999;

    /// <exception cref="BackupException">The server's own error, or 7013.</exception>
    public static async Task RequireSuccessAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var problem = await ProblemAsync(response, cancellation);
        throw problem is not null && TryNumber(problem.Code, out var number)
            ? new BackupException(number, problem.Detail, problem.Hint, problem.Transient)
            : AgentErrors.BadAnswer($"status {(int)response.StatusCode} without problem details");
    }

    public static async Task<T> ReadAsync<T>(
        HttpResponseMessage response,
        JsonTypeInfo<T> type,
        CancellationToken cancellation
    )
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(body, type, cancellation)
                ?? throw AgentErrors.BadAnswer("it is null");
        }
        catch (JsonException wrong)
        {
            throw AgentErrors.BadAnswer($"at '{wrong.Path}'");
        }
    }

    /// <summary>A connection that failed, as a numbered error.</summary>
    public static BackupException Translate(System.Uri server, HttpRequestException failure) =>
        failure.InnerException is AuthenticationException
            ? AgentErrors.NotTrusted(server, failure)
            : AgentErrors.Unreachable(server, failure);

    private static async Task<Problem?> ProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentType?.MediaType != AgentProtocol.ProblemMediaType)
        {
            return null;
        }

        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(body, AgentJson.Default.Problem, cancellation);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool TryNumber(string code, out int number)
    {
        number = 0;
        return code.StartsWith("BK", StringComparison.Ordinal)
            && int.TryParse(code.AsSpan(2), out number)
            && number is >= FirstNumber and <= LastNumber;
    }
}
