using Backup.WebUI.Access;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Backup.WebUI.Frame;

/// <summary>What the OpenAPI document says beyond what the routes say by themselves: who may call what, and how errors look.</summary>
internal static class ApiDescription
{
    public const string Name = "v1";
    private const string Token = "token";
    private const string Session = "session";

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.ShouldInclude = static one =>
            one.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true
            && !one.RelativePath.EndsWith("openapi.json", StringComparison.Ordinal);
        options.AddDocumentTransformer(
            static (document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "Backup",
                    Version = Name,
                    Description =
                        "The public API of the backup appliance. Errors are problem details (RFC 9457) with the numbered code of docs/errors.md and a hint. "
                        + "Lists come in parts: limit and after. A POST with the header Idempotency-Key is carried out once. "
                        + "With the cookie of a session, whatever changes something needs the header X-Backup-Request: 1.",
                };
                document.Servers = [];
                document.Components ??= new OpenApiComponents();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(
                    StringComparer.Ordinal
                )
                {
                    [Token] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
                    [Session] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.ApiKey,
                        In = ParameterLocation.Cookie,
                        Name = "__Host-backup",
                    },
                };
                return Task.CompletedTask;
            }
        );
        options.AddOperationTransformer(
            static (operation, context, _) =>
            {
                Describe(operation, context);
                return Task.CompletedTask;
            }
        );
    }

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var rule = context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRule>().Single();
        operation.Description = TextOf(rule);
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "What went wrong",
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                [Problems.MediaType] = new OpenApiMediaType(),
            },
        };
        if (rule.Level != AccessLevel.Open)
        {
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Token, context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Session, context.Document)] = [] },
            ];
        }
    }

    private static string TextOf(AccessRule rule)
    {
        var who = rule.Level switch
        {
            AccessLevel.Open => "Open to everybody.",
            AccessLevel.SignedIn => "For whoever is signed in.",
            AccessLevel.Administrator => "For administrators of the appliance.",
            AccessLevel.Host => "For the appliance's host alone: over its own socket, never over the network (BK8532).",
            _ => $"Needs the permission '{rule.Permission.ToString().ToLowerInvariant()}' in the group.",
        };
        return rule.IsConfirmed ? $"{who} With a session the password is asked again (BK8505)." : who;
    }
}
