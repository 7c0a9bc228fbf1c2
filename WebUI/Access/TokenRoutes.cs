using Backup.Foundation.Secrets;
using Backup.Metadata.People;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>The API tokens of a group.</summary>
internal sealed class TokenRoutes(AccessDesk access) : IApiPart
{
    private const string Tokens = "/groups/{group}/tokens";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Tokens, ListAsync)
            .WithSummary("The group's API tokens; those that are over too")
            .Needs(Permission.People);
        api.MapPost(Tokens, AddAsync)
            .WithSummary("Make an API token; it is shown once")
            .Needs(Permission.People, "token.create", confirmed: true, secret: true);
        api.MapDelete($"{Tokens}/{{token}}", RevokeAsync)
            .WithSummary("End a token at once")
            .Needs(Permission.People, "token.revoke");
    }

    private async Task<IReadOnlyList<ApiTokenView>> ListAsync(string group, CancellationToken cancellation) =>
        [.. (await access.People.Tokens.ListAsync(group, cancellation)).Select(one => ViewOf(one, null))];

    private async Task<Created<ApiTokenView>> AddAsync(
        string group,
        ApiTokenRequest request,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var text = SecretToken.New(SecretToken.Api);
        var now = access.Time.GetUtcNow();
        if (request.ExpiresAt <= now)
        {
            throw WebUIErrors.Value("expiresAt", "a time to come");
        }

        var token = new ApiTokenRecord(
            Guid.NewGuid().ToString("N"),
            SecretToken.Hash(text, SecretToken.Api)!,
            group,
            Fields.Role(request.Role, "role"),
            Fields.Name(request.Name, "name"),
            caller.Name,
            now,
            request.ExpiresAt
        );
        await access.People.Tokens.AddAsync(token, cancellation);
        context.Features.Set(new AuditSubject($"token {token.Name} as {token.Role}"));
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group}/tokens", ViewOf(token, text));
    }

    private async Task<NoContent> RevokeAsync(string group, string token, CancellationToken cancellation)
    {
        await access.People.Tokens.RevokeAsync(group, token, access.Time.GetUtcNow(), cancellation);
        return TypedResults.NoContent();
    }

    private ApiTokenView ViewOf(ApiTokenRecord token, string? text) =>
        new(
            token.Id,
            token.Name,
            token.Role,
            token.RevokedAt is not null ? "revoked"
                : token.IsGood(access.Time.GetUtcNow()) ? "valid"
                : "expired",
            token.CreatedBy,
            token.CreatedAt,
            token.ExpiresAt,
            token.LastUsedAt,
            token.RevokedAt,
            text
        );
}
