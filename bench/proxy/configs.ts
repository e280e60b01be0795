/** One worker, in the foreground. Both the origin and one of the contenders are an nginx of this shape. */
export const nginxConfig = (folder: string, name: string, workers: number, http: string): string => {
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = kept.map((kind) => `${kind}_temp_path ${folder}/${name}-${kind};`).join(' ');
  return `daemon off; worker_processes ${workers}; worker_rlimit_nofile 20000;
    pid ${folder}/${name}.pid; error_log ${folder}/${name}.log;
    events { worker_connections 15000; }
    http { access_log off; keepalive_requests 1000000000; client_max_body_size 0; ${paths} ${http} }`;
};

export const originConfig = (port: number, files: string): string =>
  `server { listen 127.0.0.1:${port} reuseport backlog=4096; location / { return 200 "hello\\n"; }
   location /files/ { alias ${files}/; } }`;

// Bodies of this bench stay in memory: what nginx would put into files would measure the disk.
export const nginxProxyConfig = (port: number, originPort: number): string =>
  `client_body_buffer_size 64k; proxy_max_temp_file_size 0;
   map $http_upgrade $connection_of { default upgrade; '' ''; }
   upstream origin { server 127.0.0.1:${originPort}; keepalive 256; keepalive_requests 1000000000; }
   server { listen 127.0.0.1:${port} backlog=4096; location / {
     proxy_pass http://origin; proxy_http_version 1.1; proxy_read_timeout 600s;
     proxy_set_header Connection $connection_of; proxy_set_header Upgrade $http_upgrade;
     proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto http;
     proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Request-ID $request_id; } }`;

export const haproxyConfig = (port: number, originPort: number, threads: number): string => `global
  nbthread ${threads}
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout tunnel 600s
  http-reuse always
frontend in
  bind 127.0.0.1:${port} backlog 4096
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  unique-id-format %[uuid()]
  unique-id-header X-Request-ID
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort}
`;

export const caddyConfig = (port: number, originPort: number, admin = 'admin off'): string => `{
  ${admin}
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${originPort}
}
`;
